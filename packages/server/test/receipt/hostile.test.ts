import { checkReceivedPdu, type EventId, ResolutionLimitError } from '@magik/protocol'
import { afterEach, expect, test, vi } from 'vitest'
import { ForkResolver } from '../../src/services/events/fork-resolver.ts'
import { eventStatus } from '../../src/storage/stored-event.ts'
import { known, outcome, says, topic } from './remote-server.ts'
import { publicRoom, sharedRoom } from './shared-room.ts'

afterEach(() => vi.restoreAllMocks())

test('an event of another room, told as one that was missing, does not enter this one', async () => {
  const { core, remote, roomId, join, extremities } = await sharedRoom()
  const otherRoom = await publicRoom(core, {})
  const otherJoin = await remote.joins(otherRoom)
  // given an event that builds on one of another room
  const foreign = await remote.make(otherRoom, says('foreign'), { after: [otherJoin] })
  const event = await remote.make(roomId, says('x'), { after: [foreign], auth: await authOf(roomId) })
  await remote.tellsState(otherJoin, join)
  await remote.tellsState(foreign, join)
  const [receipt] = await remote.delivers(roomId, event)
  // then that is as good as unknown here
  expect(outcome(receipt!)).toBe('accepted')
  expect(await extremities()).toContain(event.eventId)
  expect(await core.events.findForWriting(foreign.eventId)).toBeUndefined()

  async function authOf(room: typeof roomId) {
    const like = await remote.make(room, says('like'), { after: [join] })
    return Promise.all(like.pdu.auth_events.map((eventId) => remote.find(eventId as EventId)))
  }
})

test('an event of another room is refused before anything of its batch is done', async () => {
  const { core, remote, roomId, log } = await sharedRoom()
  const otherRoom = await publicRoom(core, {})
  await remote.joins(otherRoom)
  const own = await remote.make(roomId, says('own'))
  const foreign = await remote.make(otherRoom, says('foreign'))
  const before = log.position
  await expect(remote.delivers(roomId, own, foreign)).rejects.toThrow(/is not of room/)
  expect(log.position).toBe(before)
})

test('where servers give out event IDs, an ID stands for the event that came first with it', async () => {
  const { core, remote, roomId, join, current } = await sharedRoom({ version: '2' })
  // given an event known as part of an auth chain
  const eventId = '$same:remote.example' as EventId
  const first = await remote.make(roomId, topic('first'), { after: [join], eventId })
  const gap = await remote.make(roomId, says('gap'), { after: [first] })
  const next = await remote.make(roomId, says('next'), { after: [gap] })
  remote.withheld.add(gap.eventId)
  await remote.tellsState(gap, join, [first])
  await remote.delivers(roomId, next)
  expect(await known(core, first)).toMatchObject({ status: eventStatus.outlier })
  // when another event comes with its ID
  const second = await remote.make(roomId, topic('second'), { after: [join], eventId })
  const [receipt] = await remote.delivers(roomId, second)
  // then the first takes its place, as it is stored
  expect(outcome(receipt!)).toBe('accepted')
  expect(core.events.pdu(await known(core, first)).content).toEqual({ topic: 'first' })
  expect(JSON.parse((await known(core, first)).json)).toMatchObject({ content: { topic: 'first' } })
  expect(await current('m.room.topic')).toEqual({ topic: 'first' })
})

test('where servers give out event IDs, an outlier of another room with the same ID is left alone', async () => {
  const { core, remote, roomId, join } = await sharedRoom({ version: '2' })
  const otherRoom = await publicRoom(core, { version: '2' })
  const otherJoin = await remote.joins(otherRoom)
  const eventId = '$same:remote.example' as EventId
  const first = await remote.make(roomId, topic('first'), { after: [join], eventId })
  const gap = await remote.make(roomId, says('gap'), { after: [first] })
  const next = await remote.make(roomId, says('next'), { after: [gap] })
  remote.withheld.add(gap.eventId)
  await remote.tellsState(gap, join, [first])
  await remote.delivers(roomId, next)
  const before = await known(core, first)
  // when an event of another room has its ID
  const second = await remote.make(otherRoom, topic('second'), { after: [otherJoin], eventId })
  await remote.delivers(otherRoom, second)
  expect(await known(core, first)).toEqual(before)
})

test('events on a circle are not received, and do not keep anybody busy', async () => {
  const { core, remote, roomId, join } = await sharedRoom({ version: '2' })
  const [a, b] = ['$a:remote.example' as EventId, '$b:remote.example' as EventId]
  const stand = await remote.make(roomId, says('stand-in for a'), { after: [join], eventId: a })
  const second = await remote.make(roomId, says('b'), { after: [stand], eventId: b })
  const first = await remote.make(roomId, says('a'), { after: [second], eventId: a })
  expect((await remote.delivers(roomId, first, second)).map(outcome)).toEqual(['missing', 'missing'])
  expect(await core.events.findForWriting(a)).toBeUndefined()
})

test('an event may name twenty events that nobody knows', async () => {
  const { remote, roomId, join } = await sharedRoom()
  const parents = []
  for (let n = 0; n < 20; n += 1) parents.push(await remote.make(roomId, says(`${n}`), { after: [join] }))
  for (const parent of parents) remote.withheld.add(parent.eventId)
  const event = await remote.make(roomId, says('x'), { after: parents })
  const [receipt] = await remote.delivers(roomId, event)
  expect(receipt).toMatchObject({ kind: 'missing' })
  // nobody told the state after the first: the others are not asked for
  expect(remote.asked.filter((asked) => asked.startsWith('state'))).toHaveLength(1)
})

test('a membership of something that is no user counts for nobody', async () => {
  const { core, remote, roomId, head } = await sharedRoom({ powerLevels: { users_default: 100 } })
  const before = (await head()).committed.joinedMembers
  const odd = { type: 'm.room.member', stateKey: 'nobody', content: { membership: 'ban' } }
  const sent = await remote.sends(roomId, odd)
  expect(['accepted', 'rejected']).toContain(outcome(sent.receipt))
  expect((await head()).committed.joinedMembers).toBe(before)
  expect((await known(core, sent)).stateKey).toBe('nobody')
})

test('state entries whose names hold a NUL are kept apart', async () => {
  const { remote, roomId, current } = await sharedRoom({ powerLevels: { state_default: 0 } })
  await remote.sends(roomId, { type: 'org.example\0a', stateKey: 'b', content: { n: 1 } })
  await remote.sends(roomId, { type: 'org.example', stateKey: 'a\0b', content: { n: 2 } })
  expect(await current('org.example\0a', 'b')).toEqual({ n: 1 })
  expect(await current('org.example', 'a\0b')).toEqual({ n: 2 })
})

test('half of a surrogate pair in a state key ends an event at the first checks: no state could hold it', async () => {
  const { remote, roomId, head } = await sharedRoom({ powerLevels: { state_default: 0 } })
  const { pdu } = await remote.make(roomId, { type: 'org.example', stateKey: 'x' })
  const findKey = (_: unknown, keyId: string) => ({ ...remote.verifyKey, keyId, validUntilTs: Number.MAX_SAFE_INTEGER })
  expect(checkReceivedPdu(pdu, (await head()).version, findKey)).toMatchObject({ kind: 'accepted' })
  for (const broken of [
    { ...pdu, state_key: '\ud800' },
    { ...pdu, type: '\udfff' },
  ]) {
    const verdict = checkReceivedPdu(broken, (await head()).version, findKey)
    expect(verdict.kind).toBe('badly-signed')
  }
})

test('an error on the way leaves nothing behind: the event may come again', async () => {
  const { core, remote, roomId, join, alice } = await sharedRoom()
  const branch = await remote.make(roomId, topic('x'), { after: [join] })
  await alice.says('beside it')
  // given a failure after the state that the event makes has been laid down
  vi.spyOn(ForkResolver.prototype, 'resolveCurrent').mockRejectedValueOnce(new Error('the disk is gone'))
  await expect(remote.delivers(roomId, branch)).rejects.toThrow('the disk is gone')
  expect(await core.events.findForWriting(branch.eventId)).toBeUndefined()
  // when it comes again, and with it the same numbers are given to the same chunks
  expect((await remote.delivers(roomId, branch)).map(outcome)).toEqual(['accepted'])
})

test('forks too far apart to be resolved do not keep the room from going on', async () => {
  const { core, remote, roomId, join, alice, extremities, current } = await sharedRoom()
  const ours = await alice.sets('m.room.topic', { topic: 'ours' })
  const branch = await remote.make(roomId, topic('theirs'), { after: [join] })
  const merge = await remote.make(roomId, says('merge'), { after: [ours, join] })
  // given an event after which the room’s state would take too much work, and one whose own state would
  vi.spyOn(ForkResolver.prototype, 'resolveCurrent').mockRejectedValueOnce(new ResolutionLimitError(1))
  expect((await remote.delivers(roomId, branch)).map(outcome)).toEqual(['unresolved'])
  vi.spyOn(ForkResolver.prototype, 'resolve').mockRejectedValueOnce(new ResolutionLimitError(1))
  expect((await remote.delivers(roomId, merge)).map(outcome)).toEqual(['unresolved'])
  // then they are not stored, and the room goes on without them
  expect(await core.events.findForWriting(branch.eventId)).toBeUndefined()
  expect(await extremities()).toEqual([ours.eventId])
  const next = await alice.says('next')
  expect(await extremities()).toEqual([next.eventId])
  expect(await current('m.room.topic')).toEqual({ topic: 'ours' })
})
