import { expect, test } from 'vitest'
import { bodies, Follower, path, testServer, turns, type User } from '../harness/index.ts'
import { holdReads, slowReads } from './held-reads.ts'

test('sync: a room is told although its member changes their name while the answer is made', async () => {
  // given an initial sync that is held at a read
  const { server, alice, bob } = await testServer({ users: ['alice', 'bob'] })
  const room = await alice.createRoomWith([bob])
  await alice.send(room, 'hello')
  const reads = holdReads(server, /from "account_data"/)
  const syncing = bob.sync()
  await reads.begun()
  // when bob's membership event is replaced meanwhile
  await bob.put(path`/profile/${bob.userId}/displayname`, { displayname: 'Robert' })
  reads.release()
  // then this answer or the next has the room with its state
  const first = await syncing
  expect(bodies(first.rooms?.join?.[room]?.timeline.events ?? [])).toEqual(['hello'])
  const second = await bob.sync({ since: first.next_batch })
  const { timeline, state } = second.rooms!.join![room]!
  expect(timeline.events.map(({ content }) => content['displayname'])).toEqual(['Robert'])
  expect(state.events).toEqual([])
})

test('sync: what is said while a server that has just started finds out about its user is told', async () => {
  // given a client from before a restart, about whose user everything is still being read
  const before = await testServer({ users: ['alice', 'bob'] })
  const room = await before.alice.createRoomWith([before.bob])
  const since = await before.bob.now()
  await before.stop()
  const { server, transport } = await testServer({ folder: before.folder })
  const [alice, bob] = [before.alice.through(transport), before.bob.through(transport)]
  const reads = holdReads(server, /^select .*"is_forgotten" from "memberships" where "user_nid"/)
  const syncing = bob.sync({ since })
  await reads.begun()
  // when something is said meanwhile
  await alice.send(room, 'meanwhile', { txnId: 'meanwhile' })
  reads.release()
  // then this answer has it, or the next
  const first = await syncing
  const second = await bob.sync({ since: first.next_batch })
  const told = [first, second].flatMap(({ rooms }) => bodies(rooms?.join?.[room]?.timeline.events ?? []))
  expect(told).toEqual(['meanwhile'])
})

test('sync: what was said before somebody left is told although they leave while the answer is made', async () => {
  const { server, alice, bob } = await testServer({ users: ['alice', 'bob'] })
  const room = await alice.createRoomWith([bob])
  const since = await bob.now()
  await alice.send(room, 'before')
  await bob.put(path`/user/${bob.userId}/account_data/x`, { a: 1 })
  const reads = holdReads(server, /from "account_data"/)
  const syncing = bob.sync({ since })
  await reads.begun()
  await bob.leave(room)
  reads.release()
  const follower: unknown[] = []
  const first = await syncing
  const second = await bob.sync({ since: first.next_batch })
  for (const { rooms } of [first, second]) {
    for (const section of [rooms?.join?.[room], rooms?.leave?.[room]])
      follower.push(...bodies(section?.timeline.events ?? []))
  }
  expect(follower).toEqual(['before'])
  expect(second.rooms?.leave?.[room]?.timeline.events.at(-1)?.content).toMatchObject({ membership: 'leave' })
})

test('sync: state that a new member may not see in the timeline is in the state section', async () => {
  // given a small room whose history is for those who were in it
  const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
  const room = await alice.createRoom({ preset: 'public_chat', historyVisibility: 'joined', name: 'closed' })
  // when somebody new comes, with a timeline longer than the room
  const since = await bob.now()
  await bob.join(room)
  for (const options of [{ since }, {}]) {
    const section = (await bob.sync({ ...options, filter: { room: { timeline: { limit: 50 } } } })).rooms!.join![room]!
    // then timeline and state together are the room
    const types = [...section.state.events, ...section.timeline.events].map(({ type }) => type)
    expect(types).toEqual(
      expect.arrayContaining(['m.room.create', 'm.room.name', 'm.room.power_levels', 'm.room.member']),
    )
    expect(new Set(types.filter((type) => type !== 'm.room.member')).size).toBe(
      types.filter((type) => type !== 'm.room.member').length,
    )
  }
})

test('sync: a change of state that the filter keeps out of the timeline is in the state section', async () => {
  const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
  const room = await alice.createRoomWith([bob])
  const filter = { room: { timeline: { types: ['m.room.message'] } } }
  const { next_batch: since } = await bob.sync({ filter })
  await alice.send(room, 'one')
  await alice.setState(room, 'm.room.topic', { topic: 'new' })
  await alice.send(room, 'two')
  const section = (await bob.sync({ since, filter })).rooms!.join![room]!
  expect(bodies(section.timeline.events)).toEqual(['one', 'two'])
  expect(section.state.events.map(({ content }) => content)).toEqual([{ topic: 'new' }])
  const initial = (await bob.sync({ filter })).rooms!.join![room]!
  expect(initial.state.events.map(({ type }) => type)).toEqual(
    expect.arrayContaining(['m.room.create', 'm.room.topic', 'm.room.member']),
  )
})

test('sync: with lazy loading a sender is told whose join the filter keeps out of the timeline', async () => {
  const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
  const room = await alice.createRoomWith([bob], { name: 'named' })
  const filter = { room: { timeline: { types: ['m.room.message'] }, state: { lazy_load_members: true } } }
  const { next_batch: since } = await bob.sync({ filter })
  await carol.join(room)
  await carol.send(room, 'hello')
  const section = (await bob.sync({ since, filter })).rooms!.join![room]!
  expect(bodies(section.timeline.events)).toEqual(['hello'])
  expect(section.state.events.map(({ state_key: key }) => key)).toEqual([carol.userId])
})

test('sync: with lazy loading who left within a gap is told to have left', async () => {
  const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
  const room = await alice.createRoomWith([bob, carol], { name: 'named' })
  const filter = { room: { timeline: { limit: 2 }, state: { lazy_load_members: true } } }
  const { next_batch: since } = await bob.sync({ filter })
  await carol.leave(room)
  for (let n = 0; n < 4; n += 1) await alice.send(room, 'a')
  const { state, timeline } = (await bob.syncRoom(room, { since, filter }))!
  expect(timeline.limited).toBe(true)
  const carols = state.events.filter(({ state_key: key }) => key === carol.userId)
  expect(carols.map(({ content }) => content)).toEqual([{ membership: 'leave' }])
})

test('sync: a room met anew is limited, also when all state is asked for', async () => {
  // given bob has been away
  const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
  const room = await alice.createRoomWith([bob])
  await bob.leave(room)
  await alice.send(room, 'missed')
  const since = await bob.now()
  // when he comes back
  await bob.join(room)
  // then the timeline does not go on from where he left
  const { timeline } = (await bob.syncRoom(room, { since, fullState: true }))!
  expect(timeline.limited).toBe(true)
})

test('sync: with slow reads everything is told exactly once, and nothing redacted comes back', async () => {
  const { server, alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
  const room = await alice.createRoomWith([bob, carol])
  slowReads(server, 6)
  const since = await bob.now()
  const sent: string[] = []
  const redacted: string[] = []
  const speak = async (user: User, name: string) => {
    for (let n = 0; n < 40; n += 1) {
      const { event_id: eventId } = await user.send(room, `${name} ${n}`)
      sent.push(eventId)
      if (n % 5 === 0) {
        await user.redact(room, eventId)
        redacted.push(eventId)
      }
      if (n % 7 === 0) await user.put(path`/profile/${user.userId}/displayname`, { displayname: `${name} ${n}` })
    }
  }
  const follower = new Follower(bob, since)
  let isOver = false
  const filter = { room: { timeline: { limit: 90 } } }
  const following = (async () => {
    while (!isOver) {
      await follower.poll({ filter })
      await turns(1)
    }
    await follower.poll({ filter })
  })()
  try {
    await Promise.all([speak(alice, 'alice'), speak(bob, 'bob'), speak(carol, 'carol')])
  } finally {
    isOver = true
    await following
  }
  const seen = follower.seen(room).map((event) => event.event_id)
  expect(seen.length).toBe(new Set(seen).size)
  expect(sent.filter((eventId) => !seen.includes(eventId))).toEqual([])
  const shown = (await bob.timeline(room)).filter(({ event_id: eventId }) => redacted.includes(eventId))
  expect(shown.map(({ content }) => content)).toEqual(redacted.map(() => ({})))
})
