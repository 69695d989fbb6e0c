import { getRoomVersion, type RoomEvent } from '@magik/protocol'
import { expect, test } from 'vitest'
import { ALICE, testCore } from '../regressions/core.ts'
import { known, member, outcome, says } from './remote-server.ts'
import { observing, sharedRoom } from './shared-room.ts'

/** A room of another server, as a core that does not know it is told of it: the state, and an event upon that. */
async function roomElsewhere(version = '12') {
  const shared = await sharedRoom({ version })
  const { remote, roomId, join } = shared
  const last = await remote.sends(roomId, says('last'), { after: [join] })
  const event = await remote.make(roomId, says('entry'), { after: [last] })
  await remote.tellsState(last, last)
  const told = remote.told.get(last.eventId)!
  return { ...shared, entry: { roomId, version: getRoomVersion(version)!, event, ...told }, last }
}

test('a room that is entered has the state that it is told, and ends in the entering event', async () => {
  const { entry, last, remote } = await roomElsewhere()
  const { core, stores } = await testCore()
  expect(outcome(await core.roomImports.enter(entry))).toBe('accepted')
  const { current, extremities, head } = observing(core, entry.roomId)
  expect(await current('m.room.member', remote.user())).toEqual({ membership: 'join' })
  expect(await current('m.room.member', ALICE)).toEqual({ membership: 'join' })
  expect(await extremities()).toEqual([entry.event.eventId])
  const { roomNid, committed } = await head()
  expect(committed.joinedMembers).toBe(2)
  expect(await stores.roomGraphStore.backwardExtremities(roomNid)).toMatchObject([{ eventId: last.eventId }])
})

test('a room that is entered twice at once is entered once', async () => {
  const { entry } = await roomElsewhere()
  const { core } = await testCore()
  const receipts = await Promise.all([core.roomImports.enter(entry), core.roomImports.enter(entry)])
  expect(receipts.map(outcome).toSorted()).toEqual(['accepted', 'duplicate accepted'])
  expect((await observing(core, entry.roomId).head()).committed.joinedMembers).toBe(2)
})

test('a room is not begun with a create event that its rules refuse', async () => {
  const { remote, roomId, entry } = await roomElsewhere('11')
  const { core } = await testCore()
  const isCreate = ({ pdu }: RoomEvent) => pdu.type === 'm.room.create'
  // given a create event by somebody of another server than the one that the room is named after
  const content = { room_version: '11' }
  const refused = await remote.make(roomId, { type: 'm.room.create', stateKey: '', content }, { after: [], auth: [] })
  const state = [...entry.state.filter((event) => !isCreate(event)), refused]
  const entering = core.roomImports.enter({ ...entry, state, authChain: [] })
  await expect(entering).rejects.toMatchObject({ errcode: 'M_BAD_STATE' })
  expect(await core.heads.find(roomId)).toBeUndefined()
})

test('of two create events that are told of a room only one counts', async () => {
  const { roomId, entry, remote } = await roomElsewhere('11')
  const { core } = await testCore()
  const content = { room_version: '11', 'm.federate': false }
  const second = await remote.make(
    roomId,
    { type: 'm.room.create', stateKey: '', content, sender: ALICE },
    { after: [], auth: [] },
  )
  expect(outcome(await core.roomImports.enter({ ...entry, authChain: [...entry.authChain, second] }))).toBe('accepted')
  expect((await known(core, second)).status).toBe(2)
  expect(await observing(core, roomId).current('m.room.create')).not.toHaveProperty(['m.federate'])
})

test('what a room is told of other rooms is left out', async () => {
  const { entry, remote } = await roomElsewhere('11')
  const { core } = await testCore()
  const other = await roomElsewhere('10')
  const foreign = { ...other.entry.state.find(({ pdu }) => pdu.type === 'm.room.create')! }
  expect(foreign.roomId).not.toBe(entry.roomId)
  await core.roomImports.enter({ ...entry, state: [foreign, ...entry.state] })
  expect(await core.events.findForWriting(foreign.eventId)).toBeUndefined()
  expect(await observing(core, entry.roomId).current('m.room.member', remote.user())).toBeDefined()
})

test('what is known of an earlier stay does not keep a user of this server from coming back', async () => {
  const { core, remote, roomId, rory, alice, current, extremities, stateOf } = await sharedRoom({
    version: '11',
    powerLevels: { users: { '@rory:remote.example': 100 } },
  })
  // given a room that its last member here has left, to which only the invited come
  await alice.sets('m.room.join_rules', { join_rule: 'invite' })
  const leave = await alice.makes(ALICE, 'leave')
  // when Rory invites her again, which this server does not hear of, and she joins by way of his server
  const invite = await remote.make(roomId, member(ALICE, 'invite', rory), { after: [leave] })
  await remote.tellsState(invite, leave, [invite])
  const { state, authChain } = remote.told.get(invite.eventId)!
  const auth = state.filter(({ pdu }) => {
    const isOfHers = pdu.type === 'm.room.member' && pdu.state_key === ALICE
    return isOfHers || ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'].includes(pdu.type)
  })
  const event = await remote.make(roomId, member(ALICE, 'join'), { after: [invite], auth })
  const version = getRoomVersion('11')!
  const receipt = await core.roomImports.enter({ roomId, version, event, state, authChain })
  // then she is in it
  expect(outcome(receipt)).toBe('accepted')
  expect(await current('m.room.member', ALICE)).toEqual({ membership: 'join' })
  expect(await extremities()).toContain(event.eventId)
  expect(await stateOf((await known(core, event)).stateBefore!, 'm.room.member', ALICE)).toEqual({
    membership: 'invite',
  })
  expect((await alice.says('back again')).roomId).toBe(roomId)
})
