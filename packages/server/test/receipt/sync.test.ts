import { parseUserId, type RoomEvent } from '@magik/protocol'
import { expect, test } from 'vitest'
import { createRooms } from '../../src/composition/rooms.ts'
import { NO_SYNC_FILTER } from '../../src/services/sync/sync-filter.ts'
import { ALICE } from '../regressions/core.ts'
import { member, outcome, says, topic } from './remote-server.ts'
import { sharedRoom, type SharedRoomOptions } from './shared-room.ts'
import { SyncReader, type SyncedRoom } from './sync-reader.ts'

const BOB = parseUserId('@bob:example.org')

/** A shared room with Alice and Bob of this server in it, each with a client that has caught up. */
async function syncedRoom(options: SharedRoomOptions = {}) {
  const shared = await sharedRoom(options)
  const { eventSender, roomId } = shared
  await eventSender.send(roomId, { type: 'm.room.member', stateKey: BOB, content: { membership: 'join' }, sender: BOB })
  const [alices, bobs] = [new SyncReader(shared, ALICE), new SyncReader(shared, BOB)]
  await alices.next()
  await bobs.next()
  const [start] = await shared.extremities()
  return { ...shared, alices, bobs, start: await shared.remote.find(start!) }
}

/** An event of the remote server beyond a gap, in which state events that only it knows were sent. */
async function beyondGap(
  { remote, roomId, start }: Awaited<ReturnType<typeof syncedRoom>>,
  inGap: readonly RoomEvent[],
) {
  const gap = await remote.make(roomId, says('gap'), { after: [start] })
  remote.withheld.add(gap.eventId)
  await remote.tellsState(gap, start, inGap)
  return remote.sends(roomId, says('beyond'), { after: [gap] })
}

function told({ state, timeline }: SyncedRoom) {
  const name = ({ type, state_key: key }: { type: string; state_key?: string }) =>
    key === undefined ? type : `${type}|${key}`
  return { state: state.events.map(name), timeline: timeline.events.map(name) }
}

test('/sync tells in `state` what a merge changed and no event of the timeline says', async () => {
  const shared = await syncedRoom()
  const { remote, roomId, alices, start } = shared
  const inGap = await remote.make(roomId, topic('set in the gap'), { after: [start] })
  const { receipt } = await beyondGap(shared, [inGap])
  expect(outcome(receipt)).toBe('accepted')
  const room = (await alices.joined(roomId))!
  expect(told(room)).toEqual({ state: ['m.room.topic|'], timeline: ['m.room.message'] })
  expect(room.state.events[0]?.content).toEqual({ topic: 'set in the gap' })
})

test('/sync over a fork shows the events of all branches as they came', async () => {
  const shared = await syncedRoom()
  const { remote, roomId, alices, alice, start, current } = shared
  const ts = 1_600_000_000_000
  await alice.sets('m.room.topic', { topic: 'ours' })
  // given a topic of another branch that loses, being older
  const theirs = await remote.sends(roomId, topic('theirs'), { after: [start], ts })
  expect(outcome(theirs.receipt)).toBe('accepted')
  expect(await current('m.room.topic')).toEqual({ topic: 'ours' })
  const room = (await alices.joined(roomId))!
  expect(told(room).timeline).toEqual(['m.room.topic|', 'm.room.topic|'])
})

test('/sync: a token from before a fork works after it', async () => {
  const shared = await syncedRoom()
  const { remote, roomId, alices, alice, start } = shared
  const { since } = alices
  await alice.says('a')
  await remote.sends(roomId, says('b'), { after: [start] })
  await alices.next()
  await alice.says('c')
  alices.since = since
  const room = (await alices.joined(roomId))!
  expect(room.timeline.events.map(({ content }) => content['body'])).toEqual(['a', 'b', 'c'])
  expect(room.timeline.limited).toBe(false)
})

test('/sync: a room whose state says that its user was banned moves to `leave`, though no event of the timeline says so', async () => {
  const shared = await syncedRoom({ powerLevels: { users: { '@rory:remote.example': 50 } } })
  const { remote, roomId, bobs, alices, start, current, head } = shared
  const sam = remote.user('sam')
  const ban = await remote.make(roomId, member(BOB, 'ban', remote.user()), { after: [start] })
  const sams = await remote.make(roomId, member(sam, 'join'), { after: [start] })
  const { receipt } = await beyondGap(shared, [ban, sams])
  expect(outcome(receipt)).toBe('accepted')
  expect(await current('m.room.member', BOB)).toEqual({ membership: 'ban' })
  expect((await head()).committed.joinedMembers).toBe(3)
  const { rooms } = await bobs.next()
  expect(rooms?.join).toBeUndefined()
  const left = rooms!.leave![roomId]!
  expect(told(left).state).toContain(`m.room.member|${BOB}`)
  expect(told(left).timeline).not.toContain('m.room.message')
  // and those who stay are told of it, with the new counts
  const stays = (await alices.joined(roomId))!
  expect(told(stays).state.toSorted()).toEqual([`m.room.member|${BOB}`, `m.room.member|${sam}`].sort())
  expect(stays.summary).toMatchObject({ 'm.joined_member_count': 3 })
  // and nothing is said twice
  expect((await bobs.next()).rooms).toBeUndefined()
  await shared.alice.says('without bob')
  expect((await bobs.next()).rooms).toBeUndefined()
})

test('clients never see dummy events', async () => {
  const shared = await syncedRoom()
  const { core, foundations, stores, eventSender, roomId, alices, alice, userNumbers } = shared
  await alice.says('before')
  const dummy = await eventSender.send(roomId, { type: 'org.matrix.dummy_event', content: {}, sender: BOB })
  const last = await alice.says('after')
  const room = (await alices.joined(roomId))!
  expect(told(room).timeline).toEqual(['m.room.message', 'm.room.message'])
  const { roomMessages, roomReader, roomAccess } = createRooms(foundations, stores, core)
  const reader = { userId: ALICE, userNid: (await userNumbers.find(ALICE))!, deviceId: 'D' }
  const reading = await roomAccess.read(roomId, reader as never)
  const filter = NO_SYNC_FILTER.room.timeline
  const page = { reading, reader, from: undefined, to: undefined, limit: 50, filter }
  for (const direction of ['b', 'f'] as const) {
    expect(await roomMessages.page({ ...page, direction })).not.toContain('dummy_event')
  }
  const event = await roomReader.findEvent(roomId, last.eventId, reader)
  expect(await roomMessages.context({ reading, reader, event, limit: 10, filter })).not.toContain('dummy_event')
  await expect(roomReader.event(roomId, dummy.eventId, reader)).rejects.toMatchObject({ errcode: 'M_NOT_FOUND' })
})

test('/sync: an invited or joined user of this server follows a room that a remote server resolves', async () => {
  const shared = await syncedRoom()
  const { remote, roomId, bobs, alice, start } = shared
  // given that Alice removes Bob on one branch, while the other goes on with him
  const kick = await alice.makes(BOB, 'leave')
  const theirs = await remote.sends(roomId, says('hi bob'), { after: [start] })
  expect(outcome(theirs.receipt)).toBe('accepted')
  const { rooms } = await bobs.next()
  expect(rooms?.join).toBeUndefined()
  expect(rooms!.leave![roomId]!.timeline.events.at(-1)?.event_id).toBe(kick.eventId)
})
