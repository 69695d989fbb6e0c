import { parseUserId } from '@magik/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { createPurging } from '../../src/composition/purging.ts'
import { createRooms } from '../../src/composition/rooms.ts'
import { createSync } from '../../src/composition/sync.ts'
import { createMetricsRegistry } from '../../src/platform/metrics/registry.ts'
import { SERVER_NAME } from '../harness/index.ts'
import { ALICE, invitation, message, testCore } from '../regressions/core.ts'

/** The write path with all that deletes, on a hand-moved clock. */
async function world() {
  const { core, foundations, stores, createRoom } = await testCore()
  const sync = createSync(foundations, stores, core)
  const rooms = createRooms(foundations, stores, core)
  const { jobs, roomPurges } = createPurging(foundations, stores, core, rooms, sync)
  const createJobs = () => {
    // Metrics are registered once.
    const registry = createMetricsRegistry({ serverName: SERVER_NAME, version: '0' })
    const { jobs: others } = createPurging({ ...foundations, registry }, stores, core, rooms, sync)
    onTestFinished(() => others.stop())
    return others
  }
  onTestFinished(() => jobs.stop())
  return { core, clock: foundations.clock, stores, createRoom, jobs, roomPurges, createJobs }
}

test('expireBefore: what had been received by a time goes, in steps; state and all that is younger stay', async () => {
  // given a message every minute, and now and then an invitation
  const { core, clock, stores, createRoom, jobs, roomPurges } = await world()
  const roomId = await createRoom()
  const other = await createRoom()
  for (let minute = 0; minute < 240; minute += 1) {
    clock.setWallTime(clock.now() + 60_000)
    // What its sender claims does not matter, only when it came.
    await core.eventSender.send(roomId, { ...message(`at ${minute}`), originServerTs: 1_000 + ((minute * 7) % 240) })
    if (minute % 40 === 0) await core.eventSender.send(roomId, invitation(parseUserId(`@user${minute}:${SERVER_NAME}`)))
  }
  const room = await core.rooms.get(roomId)
  const before = await core.tree.entries(room.roomNid, room.stateRoot)
  // when all but the last hour expires, and another room is in use
  const purgeId = (await roomPurges.expireBefore(roomId, clock.now() - 60 * 60_000))!
  const meanwhile = await Promise.all([1, 2, 3].map((i) => core.eventSender.send(other, message(`meanwhile ${i}`))))
  const job = await jobs.ended(purgeId)
  // then
  expect(job).toMatchObject({ status: 'complete', kind: 'purge_history' })
  expect(job!.steps).toBeGreaterThan(4)
  expect(meanwhile).toHaveLength(3)
  const left = await stores.eventStore.newerThan(room.roomNid, { depth: 0, eventNid: 0 }, Number.MAX_SAFE_INTEGER, 100)
  const bodies = left.map((event) => core.events.pdu(event).content['body']).filter((body) => body !== undefined)
  expect(bodies).toEqual(Array.from({ length: 61 }, (_, i) => `at ${179 + i}`))
  const after = await core.tree.entries(room.roomNid, (await core.rooms.get(roomId)).stateRoot)
  expect(after).toEqual(before)
  expect((await core.events.getMany(after.map(({ event }) => event))).size).toBe(after.length)
  // and where the room is known no further back is noted, so that history can be fetched again
  const [extremity, ...none] = await stores.roomGraphStore.backwardExtremities(room.roomNid)
  expect(none).toEqual([])
  expect(extremity?.depth).toBe(left[0]!.depth - 1)
  await core.eventSender.send(roomId, message('and on'))
})

test('expireBefore: where nothing is old enough nothing happens, and the last event stays whatever its age', async () => {
  const { core, clock, createRoom, jobs, roomPurges } = await world()
  const roomId = await createRoom()
  expect(await roomPurges.expireBefore(roomId, clock.now() - 1)).toBeUndefined()
  const { eventId } = await core.eventSender.send(roomId, message('last'))
  clock.setWallTime(clock.now() + 1_000_000)
  await jobs.ended((await roomPurges.expireBefore(roomId, clock.now()))!)
  const last = await core.events.findById(eventId)
  expect(last?.position).toBeDefined()
  const next = await core.eventSender.send(roomId, { ...message('next'), sender: ALICE })
  expect((await core.events.findById(next.eventId))?.depth).toBe(last!.depth + 1)
})

test('a purge that is cut off midway is ended by whoever comes next', async () => {
  const { core, clock, stores, createRoom, jobs, roomPurges, createJobs } = await world()
  const roomId = await createRoom()
  for (let i = 0; i < 450; i += 1) await core.eventSender.send(roomId, message(`message ${i}`))
  const purgeId = (await roomPurges.expireBefore(roomId, clock.now()))!
  while ((await stores.jobStore.find(purgeId))!.steps < 2) await new Promise((resolve) => setImmediate(resolve))
  await jobs.stop()
  expect((await stores.jobStore.find(purgeId))!.finishedTs).toBeUndefined()
  // when another takes it up
  const next = createJobs()
  await next.start()
  expect(await next.ended(purgeId)).toMatchObject({ status: 'complete' })
  const { roomNid } = await core.rooms.get(roomId)
  const left = await stores.eventStore.newerThan(roomNid, { depth: 0, eventNid: 0 }, Number.MAX_SAFE_INTEGER, 100)
  expect(left.map((event) => core.events.pdu(event).content['body'])).toEqual(['message 449'])
})
