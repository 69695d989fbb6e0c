import type { RoomEvent, RoomId } from '@magik/protocol'
import { expect, test, vi } from 'vitest'
import { turns, until } from '../harness/index.ts'
import { ALICE } from '../regressions/core.ts'
import { type RemoteServer, topic } from './remote-server.ts'
import { sharedRoom } from './shared-room.ts'

const DUMMY = 'org.matrix.dummy_event'

async function branchOff(remote: RemoteServer, roomId: RoomId, from: RoomEvent, count: number) {
  const branches: RoomEvent[] = []
  for (let n = 0; n < count; n += 1) branches.push(await remote.make(roomId, topic(`${n}`), { after: [from] }))
  await remote.delivers(roomId, ...branches)
}

async function dummies({ stores, log, head }: Awaited<ReturnType<typeof sharedRoom>>) {
  const events = await stores.eventStore.latest((await head()).roomNid, log.position, 90)
  return events.filter(({ type }) => type === DUMMY)
}

test('a dummy event of a local member joins forks beyond ten', async () => {
  const shared = await sharedRoom()
  const { remote, roomId, join, extremities } = shared
  await branchOff(remote, roomId, join, 25)
  await until('the forks are joined', async () => (await extremities()).length <= 10)
  expect((await dummies(shared)).length).toBeGreaterThan(0)
})

test('where no local member may speak there is none, and nobody keeps trying', async () => {
  const shared = await sharedRoom({ powerLevels: { events_default: 50, users: {} }, version: '10' })
  const { remote, roomId, join, extremities, alice, stores, current } = shared
  // given that Alice has given up her power
  const levels = (await current('m.room.power_levels'))!
  const last = await alice.sets('m.room.power_levels', { ...levels, users: {} })
  expect(last.pdu.prev_events).toEqual([join.eventId])
  await branchOff(remote, roomId, last, 14)
  await turns(200)
  expect(await extremities()).toHaveLength(14)
  expect(await dummies(shared)).toEqual([])
  // when one more comes, fewer than twice as many: nobody is asked any more
  const asking = vi.spyOn(stores.membershipStore, 'localMembers')
  await remote.sends(roomId, topic('one more'), { after: [last] })
  await turns(200)
  expect(asking).not.toHaveBeenCalled()
})

test('a room without local members is left alone', async () => {
  const shared = await sharedRoom()
  const { remote, roomId, join, extremities, alice } = shared
  await alice.makes(ALICE, 'leave')
  await branchOff(remote, roomId, join, 12)
  await turns(200)
  expect(await extremities()).toHaveLength(13)
})
