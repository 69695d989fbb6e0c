import { describe, expect, test } from 'vitest'
import { refused, SERVER_NAME, testServer } from '../harness/index.ts'

describe('createRoom', () => {
  test('a room has the state that its preset asks for, in one piece', async () => {
    // given
    const { alice } = await testServer({ users: ['alice'] })
    // when
    const room = await alice.createRoom({ preset: 'public_chat', name: 'Kitchen', topic: 'Food' })
    // then
    expect(await alice.state(room, 'm.room.join_rules')).toEqual({ join_rule: 'public' })
    expect(await alice.state(room, 'm.room.history_visibility')).toEqual({ history_visibility: 'shared' })
    expect(await alice.state(room, 'm.room.guest_access')).toMatchObject({ guest_access: 'forbidden' })
    expect(await alice.state(room, 'm.room.name')).toEqual({ name: 'Kitchen' })
    expect(await alice.state(room, 'm.room.topic')).toMatchObject({ topic: 'Food' })
    expect(await alice.joinedMembers(room)).toEqual([alice.userId])
    const types = (await alice.timeline(room)).map(({ type }) => type)
    expect(types.slice(0, 3)).toEqual(['m.room.create', 'm.room.member', 'm.room.power_levels'])
  })

  test('private_chat is joined by invite, and lets guests in', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom({ preset: 'private_chat' })
    expect(await alice.state(room, 'm.room.join_rules')).toEqual({ join_rule: 'invite' })
    expect(await alice.state(room, 'm.room.guest_access')).toEqual({ guest_access: 'can_join' })
    expect(await alice.state(room, 'm.room.history_visibility')).toEqual({ history_visibility: 'shared' })
  })

  test('trusted_private_chat gives the invited the power of the creator', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'trusted_private_chat', invite: [bob], roomVersion: '11' })
    expect(await alice.state(room, 'm.room.power_levels')).toMatchObject({
      users: { [alice.userId]: 100, [bob.userId]: 100 },
    })
    const version12 = await alice.createRoom({ preset: 'trusted_private_chat', invite: [bob], roomVersion: '12' })
    expect(await alice.state(version12, 'm.room.create')).toMatchObject({ additional_creators: [bob.userId] })
  })

  test('visibility decides on the preset where none is named', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const listed = await alice.createRoom({ visibility: 'public' })
    const unlisted = await alice.createRoom()
    expect(await alice.state(listed, 'm.room.join_rules')).toEqual({ join_rule: 'public' })
    expect(await alice.state(unlisted, 'm.room.join_rules')).toEqual({ join_rule: 'invite' })
  })

  test('initial_state overrides the preset, creation_content joins the create event', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom({
      preset: 'private_chat',
      more: {
        creation_content: { type: 'm.space', 'm.federate': false },
        initial_state: [
          { type: 'm.room.join_rules', state_key: '', content: { join_rule: 'public' } },
          { type: 'org.example.note', content: { note: 'no state key means an empty one' } },
        ],
        power_level_content_override: { events_default: 7 },
      },
    })
    expect(await alice.state(room, 'm.room.create')).toMatchObject({ type: 'm.space', 'm.federate': false })
    expect(await alice.state(room, 'm.room.join_rules')).toEqual({ join_rule: 'public' })
    expect(await alice.state(room, 'org.example.note')).toMatchObject({ note: expect.any(String) })
    expect(await alice.state(room, 'm.room.power_levels')).toMatchObject({ events_default: 7 })
  })

  test.each(['11', '12'])('room version %s: the room is of it, and its ID has its form', async (roomVersion) => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom({ roomVersion })
    expect(await alice.state(room, 'm.room.create')).toMatchObject({ room_version: roomVersion })
    expect(room.includes(':')).toBe(roomVersion === '11')
  })

  test('the invited are invited, with is_direct where the room is', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ invite: [bob], more: { is_direct: true } })
    expect(await alice.state(room, 'm.room.member', bob.userId)).toMatchObject({
      membership: 'invite',
      is_direct: true,
    })
  })

  test('an alias belongs to one room', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ alias: 'kitchen', preset: 'public_chat' })
    expect(await alice.state(room, 'm.room.canonical_alias')).toEqual({ alias: `#kitchen:${SERVER_NAME}` })
    await refused(alice.createRoom({ alias: 'kitchen' }), 'M_ROOM_IN_USE', 400)
    expect(await bob.join(`#kitchen:${SERVER_NAME}`)).toBe(room)
    // and the refused room is not there
    expect(await alice.get('/joined_rooms')).toEqual({ joined_rooms: [room] })
  })

  test('what cannot be a room is refused', async () => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    await refused(alice.createRoom({ roomVersion: 'none' }), 'M_UNSUPPORTED_ROOM_VERSION', 400)
    await refused(alice.post('/createRoom', { preset: 'no_such' }), 'M_INVALID_PARAM', 400)
    await refused(alice.post('/createRoom', { name: 7 }), 'M_BAD_JSON', 400)
    await refused(alice.post('/createRoom', { invite: ['nobody'] }), 'M_INVALID_PARAM', 400)
    await refused(
      alice.post('/createRoom', { initial_state: [{ type: 'm.room.name', content: { name: 'x'.repeat(70_000) } }] }),
      'M_TOO_LARGE',
      413,
    )
    await refused(
      alice.post('/createRoom', { power_level_content_override: { events_default: 'seven' } }),
      'M_INVALID_ROOM_STATE',
      400,
    )
    await refused(anybody.post('/createRoom'), 'M_MISSING_TOKEN', 401)
  })

  test('rooms made in the same millisecond are different rooms', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const rooms = await Promise.all(Array.from({ length: 10 }, () => alice.createRoom({ roomVersion: '12' })))
    expect(new Set(rooms).size).toBe(10)
    expect((await alice.get<{ joined_rooms: string[] }>('/joined_rooms')).joined_rooms.sort()).toEqual(rooms.sort())
  })
})
