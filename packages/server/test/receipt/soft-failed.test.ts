import { expect, test } from 'vitest'
import { known, outcome, says, topic } from './remote-server.ts'
import { sharedRoom } from './shared-room.ts'

test('a message that a ban has overtaken is stored, but neither shown nor built upon', async () => {
  const { core, roomId, remote, rory, alice, join, extremities, stores, log } = await sharedRoom()
  const ban = await alice.makes(rory, 'ban')
  // when Rory speaks as if he had not heard of it
  const late = await remote.sends(roomId, says('not me'), { after: [join] })
  // then that is stored and no more
  expect(late.receipt).toMatchObject({ kind: 'stored', status: 1 })
  const { position, stateBefore, stateAfter, roomNid } = await known(core, late)
  expect(position).toBeUndefined()
  expect(stateAfter).toBe(stateBefore)
  expect(await extremities()).toEqual([ban.eventId])
  const latest = await stores.eventStore.latest(roomNid, log.position, 90)
  expect(latest.map(({ eventId }) => eventId)).not.toContain(late.eventId)
})

test('a leave and a topic race: the topic of who has left is soft-failed', async () => {
  const { roomId, remote, rory, join, current } = await sharedRoom()
  await remote.sends(roomId, { type: 'm.room.member', stateKey: rory, content: { membership: 'leave' } })
  const late = await remote.sends(roomId, topic('too late'), { after: [join] })
  expect(outcome(late.receipt)).toBe('softFailed')
  expect(await current('m.room.topic')).toBeUndefined()
})

test('what builds on a soft-failed event finds it in the state', async () => {
  const { core, roomId, remote, rory, alice, stateOf } = await sharedRoom()
  const other = await remote.joins(roomId, remote.user('sam'))
  await alice.makes(rory, 'ban')
  // given Rory’s topic, soft-failed
  const late = await remote.sends(roomId, topic('rory was here'), { after: [other] })
  expect(outcome(late.receipt)).toBe('softFailed')
  // when Sam, whose server let it pass, builds on it
  const next = await remote.sends(roomId, says('nice topic', remote.user('sam')), { after: [late] })
  expect(outcome(next.receipt)).toBe('accepted')
  expect(await stateOf((await known(core, next)).stateBefore!, 'm.room.topic')).toEqual({ topic: 'rory was here' })
})

test('by way of a soft-failed event, what builds on it covers the extremity below', async () => {
  const { roomId, remote, alice, rory, extremities } = await sharedRoom()
  const sam = remote.user('sam')
  const join = await remote.joins(roomId, sam)
  const ban = await alice.makes(rory, 'ban')
  // given a branch of Sam’s from before the ban, and a word of Rory’s upon it
  const branch = await remote.sends(roomId, says('a branch', sam), { after: [join] })
  expect(await extremities()).toEqual([ban.eventId, branch.eventId].sort())
  const late = await remote.sends(roomId, says('me too'), { after: [branch] })
  expect(outcome(late.receipt)).toBe('softFailed')
  // when Sam goes on from there
  const next = await remote.sends(roomId, says('go on', sam), { after: [late] })
  // then his branch ends in that alone
  expect(await extremities()).toEqual([ban.eventId, next.eventId].sort())
})
