import { expect, test } from 'vitest'
import { CommitGate, turns, until } from '../harness/index.ts'
import { ALICE } from '../regressions/core.ts'
import { known, outcome, says, topic } from './remote-server.ts'
import { sharedRoom } from './shared-room.ts'

test('an outlier that takes its place while it is on its way to the disk has that place from then on', async () => {
  const gate = new CommitGate()
  const { core, remote, roomId, join, current, alice } = await sharedRoom({ database: { commitGate: gate.pass } })
  await alice.says('beside it')
  // given an event on its way to the disk as part of a told state
  const name = { type: 'm.room.topic', stateKey: '', content: { topic: 'placed' } }
  const outlier = await remote.make(roomId, name, { after: [join] })
  const gap = await remote.make(roomId, says('gap'), { after: [join] })
  const next = await remote.make(roomId, says('next'), { after: [gap] })
  const other = await remote.make(
    roomId,
    {
      type: 'm.room.member',
      stateKey: remote.user('sam'),
      content: { membership: 'join' },
      sender: remote.user('sam'),
    },
    { after: [join] },
  )
  remote.withheld.add(gap.eventId)
  await remote.tellsState(gap, join, [outlier])
  gate.close()
  const asOutlier = remote.delivers(roomId, next)
  await until('the outlier is under way', () => gate.isHolding)
  // when it comes by itself, and is to be stored after that
  const placed = remote.delivers(roomId, outlier)
  await until('its place is known', async () => (await known(core, outlier)).stateAfter !== undefined)
  // and the outlier is durable first
  gate.open()
  gate.close()
  await until('the outlier is durable', async () => (await core.events.findById(outlier.eventId)) !== undefined)
  await turns(100)
  // then whoever asks is told of the place, and forks are resolved by the state there
  expect(await known(core, outlier)).toMatchObject({ status: 0, stateAfter: expect.any(Number) })
  const forked = remote.delivers(roomId, other)
  await turns(100)
  gate.open()
  expect([...(await asOutlier), ...(await placed), ...(await forked)].map(outcome)).toEqual([
    'accepted',
    'accepted',
    'accepted',
  ])
  expect(await current('m.room.topic')).toEqual({ topic: 'placed' })
  expect(await current('m.room.member', ALICE)).toMatchObject({ membership: 'join' })
  expect(await current('m.room.member', remote.user('sam'))).toMatchObject({ membership: 'join' })
  expect((await known(core, outlier)).position).toBeDefined()
})

test('a local user may not do upon the oldest branches what the room’s current state forbids', async () => {
  // given a room in which nobody here may send a dummy event
  const shared = await sharedRoom({
    version: '10',
    powerLevels: { users: { [ALICE]: 0, '@rory:remote.example': 100 }, events_default: 50 },
  })
  const { core, remote, roomId, join, alice, extremities, current } = shared
  await alice.sets('m.room.topic', { topic: 'allowed' })
  // given more branches than an event can join, of which the newest bans Alice
  for (let n = 0; n < 11; n += 1) await remote.sends(roomId, topic(`${n}`), { after: [join] })
  const ban = { type: 'm.room.member', stateKey: ALICE, content: { membership: 'ban' } }
  expect(outcome((await remote.sends(roomId, ban, { after: [join] })).receipt)).toBe('accepted')
  expect((await extremities()).length).toBeGreaterThan(10)
  expect(await current('m.room.member', ALICE)).toEqual({ membership: 'ban' })
  // then she may not speak on the others
  const setting = core.eventSender.send(roomId, { type: 'm.room.topic', stateKey: '', content: {}, sender: ALICE })
  await expect(setting).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' })
})
