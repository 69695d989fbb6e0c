import type { EventId, RoomEvent } from '@magik/protocol'
import { expect, test } from 'vitest'
import { eventStatus } from '../../src/storage/stored-event.ts'
import { testCore } from '../regressions/core.ts'
import { known, outcome, says, topic } from './remote-server.ts'
import { sharedRoom } from './shared-room.ts'

/** A shared room in which the remote server has said things that have not come. */
async function roomWithGap(length: number, saying = (n: number) => says(`${n}`)) {
  const shared = await sharedRoom()
  const { remote, roomId, join } = shared
  const gap: RoomEvent[] = []
  for (let n = 1; n <= length; n += 1) gap.push(await remote.make(roomId, saying(n), { after: [gap.at(-1) ?? join] }))
  const next = await remote.make(roomId, says('next'), { after: [gap.at(-1)!] })
  const backward = async () =>
    (await shared.stores.roomGraphStore.backwardExtremities((await shared.head()).roomNid)).map(
      ({ eventId }) => eventId,
    )
  return { ...shared, gap, next, backward }
}

test('an event whose parents nobody has is not judged: its receipt says what is missing', async () => {
  const { core, remote, roomId, gap, next, log } = await roomWithGap(1)
  remote.withheld.add(gap[0]!.eventId)
  const before = log.position
  expect(await remote.delivers(roomId, next)).toEqual([
    { kind: 'missing', prevEvents: [gap[0]!.eventId], authEvents: [] },
  ])
  expect(log.position).toBe(before)
  expect(await core.events.findForWriting(next.eventId)).toBeUndefined()
})

test('a gap is filled: the missing events take positions before the one that needed them', async () => {
  const { core, remote, roomId, gap, next, extremities, backward } = await roomWithGap(3)
  const [receipt] = await remote.delivers(roomId, next)
  expect(outcome(receipt!)).toBe('accepted')
  const positions = []
  for (const event of [...gap, next]) positions.push((await known(core, event)).position!)
  expect(positions).toEqual(positions.toSorted((a, b) => a - b))
  expect(await extremities()).toEqual([next.eventId])
  expect(await backward()).toEqual([])
})

test('a gap is filled in the order of the graph, whatever depths its events claim', async () => {
  const { core, remote, roomId, join } = await sharedRoom()
  // given events of which the later claims to be the less deep
  const first = await remote.make(roomId, topic('first'), { after: [join], depth: 900 })
  const second = await remote.make(roomId, topic('second'), { after: [first], depth: 7, auth: await authOf(first) })
  const next = await remote.make(roomId, says('next'), { after: [second], auth: await authOf(first) })
  const [receipt] = await remote.delivers(roomId, next)
  expect(outcome(receipt!)).toBe('accepted')
  expect((await known(core, second)).stateBefore).toBe((await known(core, first)).stateAfter)
  expect(remote.asked.filter((asked) => asked.startsWith('state'))).toEqual([])

  function authOf(event: typeof first) {
    return Promise.all(event.pdu.auth_events.map((eventId) => remote.find(eventId as EventId)))
  }
})

test('after a gap too wide to fill, the state is what the other server tells', async () => {
  const { core, remote, roomId, rory, join, gap, next, current, extremities, backward, alice } = await roomWithGap(1)
  remote.withheld.add(gap[0]!.eventId)
  const ours = await alice.says('meanwhile')
  // given that the topic was set in the gap
  const inGap = await remote.make(roomId, topic('set in the gap'), { after: [join] })
  await remote.tellsState(gap[0]!, join, [inGap])
  const [receipt] = await remote.delivers(roomId, next)
  // then the event is accepted beside what is known, and the gap is remembered
  expect(outcome(receipt!)).toBe('accepted')
  expect(await extremities()).toEqual([ours.eventId, next.eventId].sort())
  expect(await backward()).toEqual([gap[0]!.eventId])
  expect(await current('m.room.topic')).toEqual({ topic: 'set in the gap' })
  expect(await current('m.room.member', rory)).toEqual({ membership: 'join' })
  // and the topic is known without a place in the timeline
  expect(await known(core, inGap)).toMatchObject({
    status: eventStatus.outlier,
    position: undefined,
    stateBefore: undefined,
  })
})

test('an event that others build on already becomes no forward extremity when it comes', async () => {
  const { remote, roomId, join, gap, next, extremities, backward, head, core } = await roomWithGap(1, () =>
    topic('in the gap'),
  )
  remote.withheld.add(gap[0]!.eventId)
  await remote.tellsState(gap[0]!, join, [gap[0]!])
  await remote.delivers(roomId, next)
  const { roomNid } = await head()
  const state = async () => core.tree.setHash(roomNid, (await head()).committed.stateRoot)
  const before = await state()
  // when it comes after all, known already from the state
  const outlier = await known(core, gap[0]!)
  expect(outlier.status).toBe(eventStatus.outlier)
  const [receipt] = await remote.delivers(roomId, gap[0]!)
  // then it takes its place in the timeline with the same number
  expect(outcome(receipt!)).toBe('accepted')
  const placed = await known(core, gap[0]!)
  expect(placed).toMatchObject({ eventNid: outlier.eventNid, position: (await head()).committedPosition })
  expect(await extremities()).toEqual([next.eventId])
  expect(await state()).toBe(before)
  expect((await head()).committed.stateRoot).toBe((await known(core, next)).stateAfter)
  expect(await backward()).toEqual([])
})

test('an event from before all that is known of the room stays outside', async () => {
  const { core, remote, roomId, join, alice, extremities, head, log } = await sharedRoom()
  const last = await alice.says('last')
  const before = log.position
  // when an event comes that builds on nothing known, and is no deeper than the room’s first event
  const older = await remote.make(roomId, says('older'), { after: [join] })
  const history = await remote.make(roomId, says('old'), { after: [older], depth: 1 })
  remote.withheld.add(older.eventId)
  await remote.tellsState(older, join)
  const [receipt] = await remote.delivers(roomId, history)
  expect(outcome(receipt!)).toBe('outlier')
  expect(await extremities()).toEqual([last.eventId])
  expect(log.position).toBe(before)
  expect((await head()).committed.stateRoot).toBe((await known(core, last)).stateAfter)
  // and is a duplicate the next time
  expect((await remote.delivers(roomId, history)).map(outcome)).toEqual(['duplicate outlier'])
})

test('history that its auth events do not allow is kept as rejected', async () => {
  const { core, remote, roomId, join, rory } = await sharedRoom({ powerLevels: { users_default: 0 } })
  const older = await remote.make(roomId, says('older'), { after: [join] })
  remote.withheld.add(older.eventId)
  await remote.tellsState(older, join)
  // given power levels of old by which somebody makes himself powerful
  const levels = { type: 'm.room.power_levels', stateKey: '', content: { users: { [rory]: 100 } } }
  const claim = await remote.sends(roomId, levels, { after: [older], depth: 0 })
  expect(outcome(claim.receipt)).toBe('rejected')
  expect((await known(core, claim)).position).toBeUndefined()
})

test('of a room entered late, events from before the entry are history, however deep they claim to be', async () => {
  const there = await sharedRoom()
  const here = await testCore()
  // given a room that is three million events deep
  const { remote, roomId } = there
  const last = await remote.sends(roomId, says('last'), { depth: 3_000_000 })
  const entry = await remote.make(roomId, says('entry'), { after: [last], depth: 3_000_001 })
  await remote.tellsState(last, last)
  const { state, authChain } = remote.told.get(last.eventId)!
  const version = (await there.head()).version
  const receipt = await here.core.roomImports.enter({ roomId, version, event: entry, state, authChain })
  expect(outcome(receipt)).toBe('accepted')
  expect((await known(here.core, entry)).depth).toBe(3_000_001)
  // when an older event comes, of which only that other server knows what it builds on
  remote.withheld.add(last.eventId)
  const older = await remote.make(roomId, says('older'), { after: [last], depth: 2_999_999 })
  const [late] = await here.core.gapFiller.receive(roomId, [older], remote.source())
  expect(outcome(late!)).toBe('outlier')
})

test('a told state may hold events that cannot be judged: they are left out', async () => {
  const { remote, roomId, join, gap, next, current } = await roomWithGap(1)
  remote.withheld.add(gap[0]!.eventId)
  // given a topic in it whose auth events nobody has
  const nowhere = await remote.make(roomId, { type: 'm.room.member', stateKey: remote.user('x') }, { after: [join] })
  const topicOfNobody = await remote.make(roomId, topic('of nobody'), { after: [join], auth: [nowhere] })
  await remote.tellsState(gap[0]!, join, [topicOfNobody])
  const { state } = remote.told.get(gap[0]!.eventId)!
  remote.told.set(gap[0]!.eventId, { state, authChain: [] })
  const [receipt] = await remote.delivers(roomId, next)
  expect(outcome(receipt!)).toBe('accepted')
  expect(await current('m.room.topic')).toBeUndefined()
})
