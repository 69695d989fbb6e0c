import { afterEach, expect, test, vi } from 'vitest'
import { PushRules } from '../../src/services/push/push-rules.ts'
import { UnreadCounts } from '../../src/services/push/unread-counts.ts'
import { path, type RunningServer, temporaryFolder, testServer, until, type User } from '../harness/index.ts'
import { unreadFaults } from '../proofs/unread-counts.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

/** Two servers on one database, each with the same users, who share a room that both servers know. */
async function twoServers() {
  const folder = temporaryFolder()
  const a = await testServer({ folder, clock: 'system', users: ['alice', 'bob'] })
  const b = await testServer({ folder, clock: 'system' })
  const { alice, bob } = a
  const room = await alice.createRoomWith([bob])
  const bobAtB = bob.through(b.transport)
  await caughtUp(b, a, alice)
  return { a, b, alice, bob, aliceAtB: alice.through(b.transport), bobAtB, room }
}

/** Everything that one server has published is known at the other. */
async function caughtUp(behind: RunningServer, ahead: RunningServer, user: User): Promise<void> {
  const position = async (server: RunningServer) => Number((await user.through(server.transport).now()).split('.')[2])
  const goal = await position(ahead)
  await until('the other server has caught up', async () => (await position(behind)) >= goal)
}

/** What is unread to a user in a room: how much, and how much of it is highlighted. */
async function unread(user: User, room: string): Promise<[number, number]> {
  const counts = (await user.syncRoom(room))!.unread_notifications!
  return [counts.notification_count, counts.highlight_count]
}

test('what is sent through one server is counted at the other, which has counted before', async () => {
  const { a, b, alice, aliceAtB, bobAtB, room } = await twoServers()
  expect(await unread(bobAtB, room)).toEqual([0, 0])
  for (const [index, sender] of [alice, aliceAtB, alice, aliceAtB].entries()) {
    await sender.send(room, { msgtype: 'm.text', body: 'hi', 'm.mentions': { user_ids: [bobAtB.userId] } })
    await caughtUp(b, a, alice)
    await caughtUp(a, b, alice)
    expect(await unread(bobAtB, room)).toEqual([index + 1, index + 1])
  }
})

test('a receipt given through one server zeroes the counts of the other, and is shown there', async () => {
  const { a, b, alice, aliceAtB, bob, bobAtB, room } = await twoServers()
  for (const type of ['m.read', 'm.read.private']) {
    const { event_id: eventId } = await aliceAtB.send(room, 'read this')
    await caughtUp(a, b, alice)
    expect(await unread(bobAtB, room)).toEqual([1, 0])
    const waiting = bobAtB.sync({ since: await bobAtB.now(), timeoutMs: 30_000 })
    await bob.post(path`/rooms/${room}/receipt/${type}/${eventId}`)
    const section = (await waiting).rooms!.join![room]!
    expect(section.unread_notifications).toEqual({ notification_count: 0, highlight_count: 0 })
    expect(JSON.stringify(section.ephemeral)).toContain(eventId)
    await caughtUp(b, a, alice)
    expect(await unread(bobAtB, room)).toEqual([0, 0])
  }
})

test('rules changed through one server count at the other once it knows of them', async () => {
  const { a, b, alice, aliceAtB, bob, bobAtB, room } = await twoServers()
  const say = async (user: User, body: string) => {
    await user.send(room, body)
    await caughtUp(b, a, alice)
    await caughtUp(a, b, alice)
    return unread(bobAtB, room)
  }
  expect(await say(aliceAtB, 'cake')).toEqual([1, 0])
  // when bob gets a rule of his own at the one, its matches count at the other, whoever sends
  await bob.put('/pushrules/global/content/cake', {
    pattern: 'cake',
    actions: ['notify', { set_tweak: 'highlight' }],
  })
  await caughtUp(b, a, alice)
  expect(await bobAtB.get('/pushrules/global/content/cake')).toMatchObject({ pattern: 'cake' })
  expect(await say(aliceAtB, 'more cake')).toEqual([2, 1])
  expect(await say(alice, 'cake again')).toEqual([3, 2])
  // and when he switches everything off there, nothing counts any more
  await bob.put('/pushrules/global/override/.m.rule.master/enabled', { enabled: true })
  await caughtUp(b, a, alice)
  expect(await say(aliceAtB, 'cake for nobody')).toEqual([3, 2])
  expect(await say(alice, 'nor here')).toEqual([3, 2])
})

test('who joins through one server with rules of their own is counted for by the other', async () => {
  const { a, b, alice, aliceAtB, bob, bobAtB } = await twoServers()
  await bob.put('/pushrules/global/content/cake', {
    pattern: 'cake',
    actions: ['notify', { set_tweak: 'highlight' }],
  })
  const room = await aliceAtB.createRoom({ preset: 'public_chat' })
  await aliceAtB.send(room, 'cake for those who are here')
  await caughtUp(a, b, alice)
  await bob.join(room)
  await caughtUp(b, a, alice)
  await aliceAtB.send(room, 'cake')
  expect(await unread(bobAtB, room)).toEqual([1, 1])
})

/** Users do random things, after each of which they move on to the other server. */
async function faults(seed: number): Promise<string[]> {
  const folder = temporaryFolder()
  const a = await testServer({ folder, clock: 'system', users: ['observer'] })
  const b = await testServer({ folder, clock: 'system' })
  const { observer } = a
  let [ahead, behind]: [RunningServer, RunningServer] = [a, b]
  const next = async () => {
    await caughtUp(behind, ahead, observer)
    const now = behind
    ;[ahead, behind] = [behind, ahead]
    return now
  }
  return unreadFaults(a, next, seed, { steps: 120, stepsEach: 2 })
}

test.each([1, 2, 3])('counts at either server are those of a recount from scratch (seed %d)', async (seed) => {
  expect(await faults(seed)).toEqual([])
})

test('servers that do not hear of each other’s receipts do not pass', async () => {
  vi.spyOn(UnreadCounts.prototype, 'forget').mockReturnValue()
  expect(await faults(1)).not.toEqual([])
})

test('servers that do not hear of each other’s push rules do not pass', async () => {
  vi.spyOn(PushRules.prototype, 'forget').mockReturnValue()
  expect(await faults(1)).not.toEqual([])
})
