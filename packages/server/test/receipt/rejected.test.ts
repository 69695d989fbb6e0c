import type { EventId } from '@magik/protocol'
import { describe, expect, test } from 'vitest'
import { eventStatus } from '../../src/storage/stored-event.ts'
import { ALICE } from '../regressions/core.ts'
import { known, member, outcome, roomEvent, says, topic } from './remote-server.ts'
import { observing, publicRoom, sharedRoom } from './shared-room.ts'

/** A shared room of a version whose events name their create event. */
async function olderRoom() {
  const shared = await sharedRoom({ version: '10' })
  const { core, head } = shared
  const entry = async (type: string, stateKey = '') => {
    const { roomNid, committed } = await head()
    return roomEvent(core, await core.events.get((await core.tree.get(roomNid, committed.stateRoot, type, stateKey))!))
  }
  const create = await entry('m.room.create')
  const levels = await entry('m.room.power_levels')
  return { ...shared, entry, create, levels }
}

describe('an event is rejected by the auth events that it claims', () => {
  test('if one is of no use to it', async () => {
    const { roomId, remote, create, levels, join, entry } = await olderRoom()
    const auth = [create, levels, join, await entry('m.room.join_rules')]
    expect(await remote.sends(roomId, says('x'), { auth })).toMatchObject({ receipt: { status: 2, reason: '3.2' } })
  })

  test('if one is there twice', async () => {
    const { roomId, remote, create, levels, join } = await olderRoom()
    const { receipt } = await remote.sends(roomId, says('x'), { auth: [create, levels, join, join] })
    expect(receipt).toMatchObject({ status: eventStatus.rejected, reason: '3.1' })
  })

  test('if the create event is not among them', async () => {
    const { roomId, remote, levels, join } = await olderRoom()
    const { receipt } = await remote.sends(roomId, says('x'), { auth: [levels, join] })
    expect(receipt).toMatchObject({ status: eventStatus.rejected, reason: 'v11/2.4' })
  })

  test('if one is of another room', async () => {
    const { core, roomId, remote, create, levels } = await olderRoom()
    const other = await publicRoom(core, { version: '10' })
    const foreignJoin = await remote.joins(other)
    const { receipt } = await remote.sends(roomId, says('x'), { auth: [create, levels, foreignJoin] })
    expect(receipt).toMatchObject({ status: eventStatus.rejected, reason: '3.4' })
  })

  test('if one was itself rejected', async () => {
    const { roomId, remote, create, levels, join, rory } = await olderRoom()
    // given a change of Rory’s membership that was rejected, because it lacks the create event
    const renamed = { ...member(rory, 'join'), content: { membership: 'join', displayname: 'R' } }
    const rejected = await remote.sends(roomId, renamed, { auth: [levels, join] })
    expect(outcome(rejected.receipt)).toBe('rejected')
    // then what cites it is rejected as well
    const { receipt } = await remote.sends(roomId, says('x'), { auth: [create, levels, rejected] })
    expect(receipt).toMatchObject({ status: eventStatus.rejected, reason: '3.3' })
  })

  test('if they do not allow it', async () => {
    const { roomId, remote, create, levels } = await olderRoom()
    const { receipt } = await remote.sends(roomId, says('x', remote.user('stranger')), { auth: [create, levels] })
    expect(outcome(receipt)).toBe('rejected')
  })
})

test('an event is rejected by the state before it, although its auth events allow it', async () => {
  const { roomId, remote, rory, alice, core, join, head } = await olderRoom()
  const speech = await remote.make(roomId, says('x'), { after: [join] })
  const auth = await Promise.all(speech.pdu.auth_events.map((eventId) => knownEvent(eventId as EventId)))
  // given that Rory was banned
  const ban = await alice.makes(rory, 'ban')
  const { committed, committedPosition } = await head()
  // when he speaks after that as if he had not been
  const late = await remote.sends(roomId, topic('mine'), { after: [ban], auth })
  expect(outcome(late.receipt)).toBe('rejectedByState')
  // then it is stored without a position, and the room stays as it is
  const stored = await known(core, late)
  expect(stored.position).toBeUndefined()
  expect(stored.stateAfter).toBe(stored.stateBefore)
  expect(stored.stateBefore).toBe(committed.stateRoot)
  expect((await head()).committed).toMatchObject({
    forwardExtremities: committed.forwardExtremities,
    stateRoot: committed.stateRoot,
    depth: committed.depth,
  })
  expect((await head()).committedPosition).toBe(committedPosition)

  async function knownEvent(eventId: EventId) {
    return roomEvent(core, await known(core, { eventId }))
  }
})

test('an event that cites one that was rejected by the state before it is rejected', async () => {
  const { roomId, remote, rory, alice, create, levels, join } = await olderRoom()
  const ban = await alice.makes(rory, 'ban')
  const renamed = { ...member(rory, 'join'), content: { membership: 'join', displayname: 'R' } }
  const joinRules = await remote.make(roomId, renamed, { after: [join] })
  const rejected = await remote.sends(roomId, renamed, { after: [ban], auth: await authOf(joinRules) })
  expect(outcome(rejected.receipt)).toBe('rejectedByState')
  const { receipt } = await remote.sends(roomId, says('x'), { after: [join], auth: [create, levels, rejected] })
  expect(receipt).toMatchObject({ status: eventStatus.rejected, reason: '3.3' })

  function authOf(event: typeof joinRules) {
    return Promise.all(event.pdu.auth_events.map((eventId) => remote.find(eventId as EventId)))
  }
})

test('what builds on a rejected event finds the state before it, and covers what that built on', async () => {
  const { core, roomId, remote, alice, extremities, levels, create, stateOf } = await olderRoom()
  await alice.sets('m.room.topic', { topic: 'before' })
  // given a topic that was rejected
  const rejected = await remote.sends(roomId, topic('rejected', remote.user('stranger')), { auth: [create, levels] })
  expect(outcome(rejected.receipt)).toBe('rejected')
  // when somebody builds on it
  const next = await remote.sends(roomId, says('next'), { after: [rejected] })
  // then it is accepted upon the state before, and the only extremity
  expect(outcome(next.receipt)).toBe('accepted')
  expect(await stateOf((await known(core, next)).stateBefore!, 'm.room.topic')).toEqual({ topic: 'before' })
  expect(await extremities()).toEqual([next.eventId])
})

test('a rejected event is nowhere to be seen', async () => {
  const { core, roomId, remote, create, levels, stores, log } = await olderRoom()
  const rejected = await remote.sends(roomId, says('x', remote.user('stranger')), { auth: [create, levels] })
  const { roomNid } = await known(core, rejected)
  const latest = await stores.eventStore.latest(roomNid, log.position, 90)
  const older = await stores.eventStore.olderThan(roomNid, { depth: 1_000, eventNid: 1e9 }, 90)
  for (const events of [latest, older]) expect(events.map(({ eventId }) => eventId)).not.toContain(rejected.eventId)
})

test('a second create event of a room is rejected', async () => {
  // given a room of another server’s, which that server’s user made
  const { core, roomId, remote, entry } = await olderRoom()
  expect((await entry('m.room.create')).pdu.sender).toBe(ALICE)
  // when the room is created once more
  const again = { type: 'm.room.create', stateKey: '', content: { creator: ALICE, room_version: '10' }, sender: ALICE }
  const { receipt } = await remote.sends(roomId, again, { after: [], depth: 50 })
  // then that has no say
  expect(outcome(receipt)).not.toBe('accepted')
  expect(await observing(core, roomId).current('m.room.create')).toMatchObject({ creator: ALICE })
  expect(await observing(core, roomId).current('m.room.member', ALICE)).toMatchObject({ membership: 'join' })
})
