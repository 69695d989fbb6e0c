import { parseUserId } from '@magik/protocol'
import { expect, test } from 'vitest'
import { MembershipStore } from '../src/storage/membership-store.ts'
import { PushRuleStore } from '../src/storage/push-rule-store.ts'
import { RoomStore } from '../src/storage/room-store.ts'
import { UserStore } from '../src/storage/user-store.ts'
import { path, type RunningServer, SERVER_NAME, testServer, type User, type Work, workOf } from './harness/index.ts'

// Rows, statements, reads and nodes per operation, never time: what an operation costs must not hang on how large the
// room is, how many members it has or how long it has existed.

/** Rows a message may write, whatever the room's size. */
const MESSAGE_ROWS = 6

interface Room {
  readonly id: string
  readonly members: readonly User[]
}

/** A server with a small room and a large one; alice and bob are in both. */
async function smallAndLarge(sizes: readonly [small: number, large: number] = [10, 300]) {
  const server = await testServer({ users: ['alice', 'bob'] })
  const { alice, bob } = server
  const others = await server.registerMany(Array.from({ length: sizes[1] - 2 }, (_, n) => `user${n}`))
  const rooms: Room[] = []
  for (const size of sizes) {
    const id = await alice.createRoom({ preset: 'public_chat' })
    const members = [bob, ...others.slice(0, size - 2)]
    await Promise.all(members.map((member) => member.join(id)))
    rooms.push({ id, members: [alice, ...members] })
  }
  const [small, large] = rooms
  return { ...server, small: small!, large: large! }
}

test('a message costs the same in a room of 10 and in one of 300: at most six rows, one commit', async () => {
  // given two rooms that have been spoken in
  const server = await smallAndLarge()
  const { alice, small, large } = server
  const cost = new Map<Room, Work>()
  for (const room of [small, large]) {
    await alice.send(room.id, 'warm')
    // when a message is sent
    cost.set(room, await workOf(server, () => alice.send(room.id, 'counted')))
  }
  // then event, head, change, unread counter, the sender's read position and the stream position are written, and
  // nothing per member
  const message = cost.get(small)!
  // the commit writes the stream's position, once for all that share it
  expect(message.rowsWritten + message.commits).toBeLessThanOrEqual(MESSAGE_ROWS)
  expect(message).toMatchObject({ commits: 1, scans: 0 })
  expect({ ...cost.get(large), nodes: 0 }).toEqual({ ...message, nodes: 0 })
  // the auth events are found in the tree: a few nodes deeper in a large room
  expect(cost.get(large)!.nodes).toBeLessThanOrEqual(message.nodes + 8)
  // to look whether the transaction ID is new is the only read
  expect(message.reads).toBeLessThanOrEqual(1)
})

test('a message costs the same in a room of 10,000 as in one of 10, whoever has what rules; a mention costs a row each', async () => {
  // given two rooms, one with thousands of members, many of them with rules of their own
  const first = await testServer({ users: ['alice', 'bob', 'carol'] })
  const users = [first.alice, first.bob, first.carol]
  const rooms = [await users[0]!.createRoomWith(users.slice(1)), await users[0]!.createRoomWith(users.slice(1))]
  const loud = ['notify', { set_tweak: 'highlight' }]
  await first.bob.put('/pushrules/global/content/word', { actions: loud, pattern: 'cake' })
  for (const [index, size] of [10, 10_000].entries()) await crowd(first, rooms[index]!, size)
  // and a server that finds them so
  await first.stop()
  const server = await testServer({ folder: first.folder })
  const [alice, bob, carol] = users.map((user) => user.through(server.transport)) as [User, User, User]
  const mention = { body: 'x', 'm.mentions': { user_ids: users.map(({ userId }) => userId) } }
  const costs: Work[][] = []
  for (const room of rooms) {
    await alice.send(room, mention, { txnId: `warm ${room}` })
    costs.push([
      await workOf(server, () => alice.send(room, 'counted')),
      // when members are mentioned, or a word that one of them waits for
      await workOf(server, () => alice.send(room, mention)),
      await workOf(server, () => alice.send(room, 'cake')),
    ])
  }
  const [small, large] = costs
  expect(large).toEqual(small!.map((work) => ({ ...work, nodes: expect.any(Number) })))
  const [ordinary, mentioning, keyword] = small!
  expect(ordinary!.rowsWritten + ordinary!.commits).toBeLessThanOrEqual(MESSAGE_ROWS)
  expect(mentioning!.rowsWritten).toBe(ordinary!.rowsWritten + 2)
  expect(keyword!.rowsWritten).toBe(ordinary!.rowsWritten + 1)
  // then everybody is told nevertheless
  for (const room of rooms) {
    const count = async (user: User) => (await user.syncRoom(room))!.unread_notifications
    expect(await count(bob)).toEqual({ notification_count: 4, highlight_count: 3 })
    expect(await count(carol)).toEqual({ notification_count: 4, highlight_count: 2 })
    expect(await count(alice)).toEqual({ notification_count: 0, highlight_count: 0 })
  }
})

/** Puts members into a room by the back door, every hundredth with rules of their own. */
async function crowd({ server }: RunningServer, room: string, size: number): Promise<void> {
  const { database } = server
  const roomNid = (await new RoomStore(database).find(room))!.roomNid
  const [users, memberships, rules] = [
    new UserStore(database),
    new MembershipStore(database),
    new PushRuleStore(database),
  ]
  for (let first = 0; first < size; first += 500) {
    const statements = Array.from({ length: Math.min(500, size - first) }, (_, index) => first + index).flatMap((n) => {
      const userNid = roomNid * 1_000_000 + n
      const userId = parseUserId(`@member${userNid}:${SERVER_NAME}`)
      const own = { override: [], content: [{ rule_id: 'x', pattern: `word${n}`, actions: ['notify'] }] }
      return [
        users.insert(userNid, userId),
        memberships.upsert({ roomNid, userNid, membership: 'join', eventNid: 0, position: 0, isLocal: true }),
        ...(n % 100 === 0
          ? [rules.upsert({ userNid, expected: 0, position: 0, hasPersonal: true, rules: JSON.stringify({ own }) })]
          : []),
      ]
    })
    expect(await database.write({ statements })).toMatchObject({ committed: true })
  }
}

test('messages sent at once share commits', async () => {
  const server = await testServer({ users: ['alice'] })
  const room = await server.alice.createRoom()
  await server.alice.send(room, 'warm')
  const work = await workOf(server, () =>
    Promise.all(Array.from({ length: 50 }, (_, n) => server.alice.send(room, `m${n}`))),
  )
  expect(work.rowsWritten).toBeLessThanOrEqual(50 * MESSAGE_ROWS)
  // how many share one depends on how long each takes: alone each would take its own
  expect(work.commits).toBeLessThanOrEqual(25)
})

test('a join and a leave write the same number of rows whatever the room’s size', async () => {
  const server = await smallAndLarge()
  const newcomers = await Promise.all([server.register('newcomer1'), server.register('newcomer2')])
  const [newcomer, warm] = newcomers
  await warm!.join(server.small.id)
  await warm!.join(server.large.id)
  const joining: Work[] = []
  const leaving: Work[] = []
  for (const { id } of [server.small, server.large]) {
    joining.push(await workOf(server, () => newcomer!.join(id)))
    leaving.push(await workOf(server, () => newcomer!.leave(id)))
  }
  // two of them for unread counts: the counter, and that nothing before is unread
  expect(joining[0]!.rowsWritten).toBeLessThanOrEqual(9)
  for (const [small, large] of [joining, leaving]) {
    expect(large!.rowsWritten).toBe(small!.rowsWritten)
    expect(large!.statements).toBe(small!.statements)
    expect(large!.reads).toBeLessThanOrEqual(small!.reads + 2)
    expect(large!.scans).toBe(0)
    // path-copying touches the path, not the members
    expect(large!.nodes).toBeLessThanOrEqual(small!.nodes + 10)
  }
})

test('an incremental sync that hits the tail reads nothing from the database, however many rooms one is in', async () => {
  const server = await testServer({ users: ['alice', 'bob'] })
  const { alice, bob } = server
  const rooms: string[] = []
  for (let n = 0; n < 20; n += 1) rooms.push(await alice.createRoomWith([bob]))
  const since = await bob.now()
  // given the tails of the rooms are at hand
  for (const room of rooms) await alice.send(room, 'warm')
  const { next_batch: next } = await bob.sync({ since })
  // when one room has news
  await alice.send(rooms[3]!, 'news')
  const one = await workOf(server, () => bob.sync({ since: next }))
  // then nothing is read or written
  expect(one).toMatchObject({ reads: 0, scans: 0, rowsWritten: 0, commits: 0 })
  expect(one.nodes).toBeLessThanOrEqual(40)
  // nor when nothing is new, which costs nothing at all
  const { next_batch: latest } = await bob.sync({ since: next })
  const none = await workOf(server, () => bob.sync({ since: latest }))
  expect(none).toEqual({ statements: 0, rowsWritten: 0, commits: 0, reads: 0, scans: 0, nodes: 0 })
})

test('an incremental sync costs the same in a room of 10 and in one of 300', async () => {
  const server = await smallAndLarge()
  const { alice, small, large } = server
  const bob = small.members[1]!
  const costs: Work[] = []
  for (const { id } of [small, large]) {
    let since = await bob.now()
    await alice.send(id, 'warm')
    since = (await bob.sync({ since })).next_batch
    await alice.send(id, 'news')
    costs.push(await workOf(server, () => bob.sync({ since })))
  }
  expect(costs[1]).toMatchObject({ reads: 0, scans: 0, rowsWritten: 0 })
  expect(costs[1]!.nodes).toBeLessThanOrEqual(costs[0]!.nodes + 10)
})

test('a long-poll that waits costs nothing while others talk', async () => {
  const server = await testServer({ users: ['alice', 'bob', 'carol'] })
  const { alice, bob, carol } = server
  const room = await alice.createRoomWith([carol])
  await alice.send(room, 'warm')
  const alone = await workOf(server, () => alice.send(room, 'counted'))
  const since = await bob.now()
  const hangUp = new AbortController()
  const waiting = bob.sync({ since, timeoutMs: 30_000, signal: hangUp.signal }).catch(() => undefined)
  const watched = await workOf(server, () => alice.send(room, 'counted'))
  expect(watched).toEqual(alone)
  hangUp.abort()
  await waiting
})

test('a page of messages costs the same at the end of a long room and of a short one', async () => {
  const server = await testServer({ users: ['alice'] })
  const { alice } = server
  const costs: Work[] = []
  for (const length of [30, 600]) {
    const room = await alice.createRoom()
    await Promise.all(Array.from({ length }, (_, n) => alice.send(room, `m${n}`)))
    costs.push(await workOf(server, () => alice.messages(room, { limit: 20 })))
  }
  expect(costs[1]!.reads).toBe(costs[0]!.reads)
  expect(costs[1]!.reads).toBeLessThanOrEqual(5)
  expect(costs[1]).toMatchObject({ scans: 0, rowsWritten: 0 })
  expect(costs[1]!.nodes).toBeLessThanOrEqual(costs[0]!.nodes + 5)
})

test('changing one piece of state writes the same number of rows, however much state there is', async () => {
  const server = await smallAndLarge([10, 300])
  const { alice, small, large } = server
  const costs: Work[] = []
  for (const { id } of [small, large]) {
    await alice.setState(id, 'm.room.topic', { topic: 'warm' })
    costs.push(await workOf(server, () => alice.setState(id, 'm.room.topic', { topic: 'counted' })))
  }
  expect(costs[0]!.rowsWritten).toBeLessThanOrEqual(MESSAGE_ROWS + 2)
  expect(costs[1]!.rowsWritten).toBe(costs[0]!.rowsWritten)
  expect(costs[1]!.statements).toBe(costs[0]!.statements)
})

test('a repeated transaction ID writes nothing, and a known token is not looked up again', async () => {
  const server = await testServer({ users: ['alice'] })
  const { alice } = server
  const room = await alice.createRoom()
  await alice.send(room, 'once', { txnId: 't' })
  expect(await workOf(server, () => alice.send(room, 'once', { txnId: 't' }))).toMatchObject({
    rowsWritten: 0,
    commits: 0,
    nodes: 0,
  })
  expect(await workOf(server, () => alice.get('/account/whoami'))).toMatchObject({ reads: 0, rowsWritten: 0 })
})

test('a whole room of 300 is made visible to a newcomer without one read per member', async () => {
  const server = await smallAndLarge([10, 300])
  const { large } = server
  const bob = large.members[1]!
  const work = await workOf(server, () => bob.sync())
  // in each of the two rooms four of them are about receipts and what is unread, and up to three about its newest events
  expect(work.reads + work.scans).toBeLessThanOrEqual(20)
  expect(Object.keys((await bob.get<{ joined: object }>(path`/rooms/${large.id}/joined_members`)).joined)).toHaveLength(
    300,
  )
})
