import { expect, test } from 'vitest'
import {
  deliveryFaults,
  eventIds,
  Follower,
  path,
  Refusal,
  refused,
  staysOpen,
  temporaryFolder,
  testServer,
  until,
  type User,
} from '../harness/index.ts'

/** Two servers on one database, each with the same users. */
async function twoServers() {
  const folder = temporaryFolder()
  const a = await testServer({ folder, clock: 'system', users: ['alice', 'bob'] })
  const b = await testServer({ folder, clock: 'system' })
  return {
    a,
    b,
    alice: a.alice,
    bob: a.bob,
    aliceAtB: a.alice.through(b.transport),
    bobAtB: a.bob.through(b.transport),
  }
}

test('an event sent through one server wakes a client that waits at another', async () => {
  const { alice, bob, bobAtB } = await twoServers()
  const room = await alice.createRoomWith([bob])
  await until('the other server knows the room', async () => (await bobAtB.syncRoom(room)) !== undefined)
  const since = await bobAtB.now()
  const waiting = bobAtB.sync({ since, timeoutMs: 30_000 })
  await staysOpen(waiting)
  const { event_id: eventId } = await alice.send(room, 'hello')
  expect(eventIds((await waiting).rooms?.join?.[room]?.timeline.events ?? [])).toEqual([eventId])
})

test('both servers tell of everything once and in one order, whoever sent it', async () => {
  const { alice, bob, aliceAtB, bobAtB } = await twoServers()
  const rooms = [await alice.createRoomWith([bob]), await alice.createRoomWith([bob])]
  const [first, second] = [rooms[0]!, rooms[1]!]
  await until('the other server knows the rooms', async () => (await bobAtB.syncRoom(second)) !== undefined)
  const followers = [new Follower(bob), new Follower(bobAtB)]
  for (const follower of followers) await follower.poll()
  const start = followers.map((follower) => rooms.map((room) => follower.seen(room).length))
  // when each server sends in a room of its own and now and then in the other's
  const sentIds: string[] = []
  const send = async (user: User, room: string, count: number, who: string) => {
    for (let n = 0; n < count; n += 1)
      sentIds.push(await sendPatiently(user, n % 10 === 9 ? other(room) : room, `${who} ${n}`))
  }
  const other = (room: string) => (room === first ? second : first)
  const following = followers.map(async (follower) => {
    while (sentIds.length < 120) await follower.poll({ timeoutMs: 100 })
  })
  await Promise.all([
    send(alice, first, 30, 'alice at a'),
    send(bob, first, 30, 'bob at a'),
    send(aliceAtB, second, 30, 'alice at b'),
    send(bobAtB, second, 30, 'bob at b'),
    ...following,
  ])
  const position = (await alice.now()).split('.')[2]
  await until('both have published everything', async () => (await aliceAtB.now()).split('.')[2] === position)
  for (const follower of followers) await follower.catchUp()
  // then
  expect(new Set(sentIds).size).toBe(120)
  const faults: string[] = []
  for (const [index, room] of rooms.entries()) {
    const timeline = eventIds(await alice.timeline(room, { type: 'm.room.message' }))
    expect(timeline.every((id) => sentIds.includes(id))).toBe(true)
    followers.forEach((follower, n) => {
      const heard = eventIds(follower.seen(room).slice(start[n]![index]!))
      faults.push(...deliveryFaults(`follower at ${n === 0 ? 'a' : 'b'}`, timeline, heard))
    })
  }
  expect(faults).toEqual([])
})

/** As a client does: the same transaction again while the server is too busy. */
async function sendPatiently(user: User, room: string, body: string): Promise<string> {
  for (;;) {
    try {
      return (await user.send(room, body, { txnId: body })).event_id
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 503) throw error
    }
  }
}

test('a transaction repeated at another server answers with the first event', async () => {
  const { alice, aliceAtB } = await twoServers()
  const room = await alice.createRoom()
  const sent = await Promise.all([
    sendPatiently(alice, room, 'once'),
    sendPatiently(aliceAtB, room, 'once'),
    sendPatiently(alice, room, 'once'),
  ])
  expect(new Set(sent).size).toBe(1)
  expect(await alice.timeline(room, { type: 'm.room.message' })).toHaveLength(1)
})

test('who was signed out through one server is signed out at the other', async () => {
  const { alice, aliceAtB } = await twoServers()
  const elsewhere = (await alice.onAnotherDevice()).through(aliceAtB.transport)
  await aliceAtB.get('/account/whoami')
  await elsewhere.get('/account/whoami')
  await alice.post('/logout')
  await until('the token is dead at the other server', async () => isRefused(aliceAtB.get('/account/whoami')))
  expect(await elsewhere.get('/account/whoami')).toMatchObject({ user_id: alice.userId })
  // and a new login on the same device ends the token that the device had
  const again = await elsewhere.post<{ access_token: string }>('/login', {
    type: 'm.login.password',
    identifier: { type: 'm.id.user', user: 'alice' },
    password: "alice's secret",
    device_id: elsewhere.deviceId,
  })
  expect(again.access_token).not.toBe(elsewhere.accessToken)
  await refused(elsewhere.get('/account/whoami'), 'M_UNKNOWN_TOKEN')
})

async function isRefused(answer: Promise<unknown>): Promise<boolean> {
  return answer.then(
    () => false,
    (error: unknown) => error instanceof Refusal && error.errcode === 'M_UNKNOWN_TOKEN',
  )
}

test('joining, leaving and forgetting through one server is known at the other', async () => {
  const { alice, bob, aliceAtB, bobAtB } = await twoServers()
  const room = await alice.createRoom({ preset: 'public_chat' })
  await bobAtB.now()
  await bob.join(room)
  await until('bob is in the room at the other server', async () => (await bobAtB.syncRoom(room)) !== undefined)
  expect(await aliceAtB.joinedMembers(room)).toEqual([alice.userId, bob.userId])
  await bobAtB.send(room, 'I am here')
  await bob.leave(room)
  const filter = { room: { include_leave: true } }
  const left = async () => (await bobAtB.sync({ filter })).rooms?.leave?.[room]
  await until('bob has left at the other server', async () => (await left()) !== undefined)
  await refused(bobAtB.send(room, 'am I still?'), 'M_FORBIDDEN')
  await bob.forget(room)
  await until('the room is forgotten at the other server', async () => (await left()) === undefined)
})

test('what was redacted through one server is gone at the other', async () => {
  const { alice, aliceAtB } = await twoServers()
  const room = await alice.createRoom()
  const { event_id: eventId } = await alice.send(room, 'regretted')
  await until('the event is at the other server', async () =>
    eventIds((await aliceAtB.syncRoom(room))?.timeline.events ?? []).includes(eventId),
  )
  expect(await aliceAtB.event(room, eventId)).toMatchObject({ content: { body: 'regretted' } })
  await alice.redact(room, eventId)
  const told = async () =>
    (await aliceAtB.syncRoom(room))?.timeline.events.find((event) => event.event_id === eventId)?.content
  await until('the content is gone at the other server', async () => Object.keys((await told()) ?? {}).length === 0)
  expect(await told()).toEqual({})
  expect(await aliceAtB.event(room, eventId)).toMatchObject({ content: {} })
})

test('state set through one server counts at the other', async () => {
  const { alice, aliceAtB } = await twoServers()
  const room = await alice.createRoom({ name: 'before' })
  expect(await aliceAtB.state(room, 'm.room.name')).toEqual({ name: 'before' })
  await alice.setState(room, 'm.room.name', { name: 'after' })
  const name = async () => (await aliceAtB.state(room, 'm.room.name'))['name']
  await until('the name is known at the other server', async () => (await name()) === 'after')
  await aliceAtB.setState(room, 'm.room.topic', { topic: 'set at b' })
  await alice.setState(room, 'm.room.name', { name: 'last' })
  expect((await alice.get<{ topic: string }>(path`/rooms/${room}/state/m.room.topic/`)).topic).toBe('set at b')
})

test('account data set through one server is told by the other', async () => {
  const { alice, aliceAtB } = await twoServers()
  const since = await aliceAtB.now()
  const waiting = aliceAtB.sync({ since, timeoutMs: 30_000 })
  await staysOpen(waiting)
  await alice.put(path`/user/${alice.userId}/account_data/org.example.colour`, { colour: 'green' })
  expect(JSON.stringify(await waiting)).toContain('green')
})
