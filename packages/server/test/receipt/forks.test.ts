import { prevEventIds, type RoomEvent } from '@magik/protocol'
import { expect, test } from 'vitest'
import { ALICE } from '../regressions/core.ts'
import { known, member, outcome, RemoteServer, says, topic } from './remote-server.ts'
import { sharedRoom } from './shared-room.ts'

test('two topics race: the current state is what both resolve to, whichever came first', async () => {
  for (const isOursLater of [true, false]) {
    const { remote, roomId, join, alice, current, extremities } = await sharedRoom()
    const ours = await alice.sets('m.room.topic', { topic: 'ours' })
    const ts = Number(ours.pdu.origin_server_ts) + (isOursLater ? -1 : 1)
    const theirs = await remote.sends(roomId, topic('theirs'), { after: [join], ts })
    expect(outcome(theirs.receipt)).toBe('accepted')
    expect(await extremities()).toEqual([ours.eventId, theirs.eventId].sort())
    expect(await current('m.room.topic')).toEqual({ topic: isOursLater ? 'ours' : 'theirs' })
    // and the next event here joins both
    const next = await alice.says('next')
    expect(prevEventIds(next.pdu).toSorted()).toEqual([ours.eventId, theirs.eventId].sort())
    expect(await extremities()).toEqual([next.eventId])
  }
})

test('a resolution leaves a row of the room’s state, at the position of the event that brought it about', async () => {
  const { core, remote, roomId, join, alice, head, stores } = await sharedRoom()
  await alice.sets('m.room.name', { name: 'ours' })
  const before = (await head()).committed.stateRoot
  const theirs = await remote.sends(roomId, topic('theirs'), { after: [join] })
  const { roomNid, position, stateAfter } = await known(core, theirs)
  const { stateRoot } = (await head()).committed
  expect(new Set([before, stateAfter, stateRoot]).size).toBe(3)
  expect(await stores.roomStore.rootAt(roomNid, position!)).toBe(stateRoot)
  expect(await stores.roomStore.rootAt(roomNid, position! - 1)).toBe(before)
})

test('a ban and a topic of the banned race: the ban holds, and the memberships follow', async () => {
  const { remote, roomId, rory, alice, current, stores, userNumbers, head } = await sharedRoom({
    powerLevels: { users: { '@rory:remote.example': 50 } },
  })
  const sam = remote.user('sam')
  const samsJoin = await remote.joins(roomId, sam)
  // given that Rory bans Sam on one branch, while Alice bans Rory on another
  await alice.makes(rory, 'ban')
  expect((await head()).committed.joinedMembers).toBe(2)
  const late = await remote.sends(roomId, member(sam, 'ban', rory), { after: [samsJoin] })
  expect(outcome(late.receipt)).toBe('softFailed')
  // when Tess, whose server took Rory’s ban, speaks upon it
  const tess = remote.user('tess')
  const tessJoin = await remote.make(roomId, member(tess, 'join'), { after: [late] })
  expect((await remote.delivers(roomId, tessJoin)).map(outcome)).toEqual(['accepted'])
  // then the state is resolved, and the projections say what it says
  const memberships = async (user: typeof sam) =>
    (await stores.membershipStore.ofUser((await userNumbers.find(user))!)).map(({ membership }) => membership)
  expect(await current('m.room.member', rory)).toMatchObject({ membership: 'ban' })
  for (const user of [rory, sam, tess]) {
    const inState = await current('m.room.member', user)
    expect(await memberships(user)).toEqual([inState?.['membership']])
  }
  const joined = []
  for (const user of [ALICE, rory, sam, tess]) {
    if ((await current('m.room.member', user))?.['membership'] === 'join') joined.push(user)
  }
  expect((await head()).committed.joinedMembers).toBe(joined.length)
})

test('power levels race: the more powerful of the two senders has the say', async () => {
  const { remote, roomId, rory, join, alice, current } = await sharedRoom({
    version: '10',
    powerLevels: { users: { '@rory:remote.example': 50 }, events: { 'm.room.power_levels': 50 } },
  })
  const levels = (await current('m.room.power_levels'))!
  // given that Alice takes Rory’s power away, while he gives some to Sam
  await alice.sets('m.room.power_levels', { ...levels, users: { [ALICE]: 100 } })
  const content = { ...levels, users: { [ALICE]: 100, [rory]: 50, [remote.user('sam')]: 50 } }
  const late = await remote.sends(roomId, { type: 'm.room.power_levels', stateKey: '', content }, { after: [join] })
  expect(outcome(late.receipt)).toBe('softFailed')
  // when others go on from there, so that the states have to be resolved
  const sam = remote.user('sam')
  const samsJoin = await remote.make(roomId, member(sam, 'join'), { after: [late] })
  await remote.delivers(roomId, samsJoin)
  expect(await current('m.room.power_levels')).toMatchObject({ users: { [ALICE]: 100 } })
  expect((await current('m.room.power_levels'))?.['users']).not.toHaveProperty([rory])
})

test('branches of several servers are all joined by the next event here', async () => {
  const { core, roomId, join, alice, current, extremities } = await sharedRoom()
  let last: RoomEvent = join
  const servers = ['b.example', 'c.example', 'd.example'].map((name) => new RemoteServer(core, name))
  for (const server of servers) last = await server.joins(roomId)
  for (const server of servers) {
    const { receipt } = await server.sends(roomId, topic(server.name), { after: [last] })
    expect(outcome(receipt)).toBe('accepted')
  }
  expect(await extremities()).toHaveLength(3)
  const next = await alice.says('all of you')
  expect(prevEventIds(next.pdu)).toHaveLength(3)
  expect(await extremities()).toEqual([next.eventId])
  expect(await current('m.room.topic')).toBeDefined()
})

test('an event made here names ten parents at most; the rest get their turn', async () => {
  const { remote, roomId, join, alice, extremities } = await sharedRoom({ powerLevels: { events_default: 50 } })
  // given more branches than that, in a room where it takes an administrator to speak
  const branches: RoomEvent[] = []
  for (let n = 0; n < 14; n += 1) branches.push(await remote.make(roomId, topic(`${n}`), { after: [join] }))
  await remote.delivers(roomId, ...branches)
  await alice.says('first')
  const later = await alice.says('second')
  expect(prevEventIds(later.pdu).length).toBeLessThanOrEqual(10)
  expect((await extremities()).length).toBeLessThanOrEqual(10)
})

test('an event that joins all branches finds the state that they resolve to without resolving once more', async () => {
  const { core, remote, roomId, join, alice, extremities, head } = await sharedRoom()
  const ours = await alice.sets('m.room.topic', { topic: 'ours' })
  const theirs = await remote.sends(roomId, topic('theirs'), { after: [join] })
  const { stateRoot } = (await head()).committed
  const merge = await remote.sends(roomId, says('merge'), { after: [ours, theirs] })
  expect(outcome(merge.receipt)).toBe('accepted')
  expect((await known(core, merge)).stateBefore).toBe(stateRoot)
  expect(await extremities()).toEqual([merge.eventId])
  expect((await head()).committed.stateRoot).toBe(stateRoot)
})

test('what senders here are judged by follows a resolution', async () => {
  const { remote, roomId, rory, join, alice, current, eventSender } = await sharedRoom({
    version: '10',
    powerLevels: { users: { [ALICE]: 50, '@rory:remote.example': 100 } },
  })
  const levels = (await current('m.room.power_levels'))!
  // given that Alice has spoken, so that her power is at hand, and Rory has taken it on another branch
  await alice.sets('m.room.name', { name: 'mine' })
  const content = { ...levels, users: { [ALICE]: 50, [rory]: 100 }, events: { 'm.room.name': 60 } }
  const raced = await remote.sends(roomId, { type: 'm.room.power_levels', stateKey: '', content }, { after: [join] })
  expect(outcome(raced.receipt)).toBe('accepted')
  // then she may no longer do what it took that for
  expect(await current('m.room.power_levels')).toMatchObject({ events: { 'm.room.name': 60 } })
  const naming = eventSender.send(roomId, { type: 'm.room.name', stateKey: '', content: { name: 'x' }, sender: ALICE })
  await expect(naming).rejects.toMatchObject({ errcode: 'M_FORBIDDEN' })
})
