import { describe, expect, test } from 'vitest'
import { path, refused, SERVER_NAME, testServer } from '../harness/index.ts'

// joining, leaving, inviting, kicking, banning and list_joined_rooms: the operations of the spec's OpenAPI files of
// these names, in one file because each is another's precondition.

describe('joinRoomById, joinRoom', () => {
  test('a public room is joined by ID and by alias; joining again changes nothing', async () => {
    const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
    const room = await alice.createRoom({ preset: 'public_chat', alias: 'hall' })
    expect(await bob.post(path`/rooms/${room}/join`)).toEqual({ room_id: room })
    expect(await carol.join(`#hall:${SERVER_NAME}`)).toBe(room)
    const before = await alice.timeline(room)
    expect(await carol.join(room)).toBe(room)
    expect(await alice.timeline(room)).toEqual(before)
    expect(await alice.joinedMembers(room)).toEqual([alice.userId, bob.userId, carol.userId])
  })

  test('the membership event has profile and reason', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    await bob.put(path`/profile/${bob.userId}/displayname`, { displayname: 'Bobby' })
    const room = await alice.createRoom({ preset: 'public_chat' })
    await bob.join(room, { reason: 'curious' })
    expect(await alice.state(room, 'm.room.member', bob.userId)).toMatchObject({
      membership: 'join',
      displayname: 'Bobby',
      reason: 'curious',
    })
  })

  test('who is not invited stays outside of a private room', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'private_chat' })
    await refused(bob.join(room), 'M_FORBIDDEN', 403)
    await refused(bob.post(path`/rooms/${room}/join`), 'M_FORBIDDEN', 403)
  })

  test('there must be such a room', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    await refused(alice.join(`#none:${SERVER_NAME}`), 'M_NOT_FOUND', 404)
    await refused(alice.join(`!none:${SERVER_NAME}`), 'M_NOT_FOUND', 404)
    await refused(alice.join('neither'), 'M_INVALID_PARAM', 400)
    await refused(alice.post(path`/rooms/${'neither'}/join`), 'M_INVALID_PARAM', 400)
  })

  test('nobody claims another’s authority for a join', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'public_chat' })
    await bob.join(room, { join_authorised_via_users_server: alice.userId, membership: 'ban' })
    const member = await alice.state(room, 'm.room.member', bob.userId)
    expect(member).toMatchObject({ membership: 'join' })
    expect(member).not.toHaveProperty('join_authorised_via_users_server')
  })
})

describe('leaveRoom, forgetRoom', () => {
  test('who leaves is gone, may come back, and leaving twice changes nothing', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    await bob.leave(room, { reason: 'tired' })
    await bob.leave(room)
    expect(await alice.joinedMembers(room)).toEqual([alice.userId])
    expect(await alice.state(room, 'm.room.member', bob.userId)).toMatchObject({ membership: 'leave', reason: 'tired' })
    await refused(bob.send(room, 'still here?'), 'M_FORBIDDEN', 403)
    await bob.join(room)
    expect(await alice.joinedMembers(room)).toEqual([alice.userId, bob.userId])
  })

  test('an invite can be turned down', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ invite: [bob] })
    await bob.leave(room)
    expect(await alice.state(room, 'm.room.member', bob.userId)).toMatchObject({ membership: 'leave' })
    await refused(bob.join(room), 'M_FORBIDDEN')
  })

  test('one leaves only where one was', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom()
    await refused(bob.leave(room), 'M_NOT_FOUND', 404)
    await refused(bob.leave(`!none:${SERVER_NAME}`), 'M_NOT_FOUND', 404)
  })

  test('a room is forgotten once it is left: it no longer shows, and its history is closed', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    await refused(bob.forget(room), 'M_UNKNOWN', 400)
    await bob.leave(room)
    const everything = { room: { include_leave: true } }
    expect((await bob.sync({ filter: everything })).rooms?.leave).toHaveProperty([room])
    await bob.forget(room)
    expect((await bob.sync({ filter: everything })).rooms?.leave ?? {}).not.toHaveProperty([room])
    await refused(bob.messages(room), 'M_FORBIDDEN', 403)
    // and whoever comes back sees it again
    await bob.join(room)
    expect((await bob.sync()).rooms?.join).toHaveProperty([room])
  })
})

describe('inviteUser', () => {
  test('the invited may join a private room', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'private_chat' })
    await alice.invite(room, bob, 'come in')
    expect(await alice.state(room, 'm.room.member', bob.userId)).toMatchObject({
      membership: 'invite',
      reason: 'come in',
    })
    await bob.join(room)
    expect(await alice.joinedMembers(room)).toEqual([alice.userId, bob.userId])
  })

  test('one must be in the room, with power enough, and the invited neither in it nor banned', async () => {
    const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
    const room = await alice.createRoomWith([bob], { more: { power_level_content_override: { invite: 50 } } })
    await refused(bob.invite(room, carol), 'M_FORBIDDEN', 403)
    await refused(carol.invite(room, carol), 'M_FORBIDDEN', 403)
    await refused(alice.invite(room, bob), 'M_FORBIDDEN', 403)
    await alice.ban(room, carol)
    await refused(alice.invite(room, carol), 'M_FORBIDDEN', 403)
    await refused(alice.post(path`/rooms/${room}/invite`, {}), 'M_MISSING_PARAM', 400)
    await refused(alice.post(path`/rooms/${room}/invite`, { user_id: 'bob' }), 'M_INVALID_PARAM', 400)
  })
})

describe('kick, ban, unban', () => {
  test('who is kicked may come back, who is banned may not, until unbanned', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    await alice.kick(room, bob, 'calm down')
    expect(await alice.state(room, 'm.room.member', bob.userId)).toMatchObject({
      membership: 'leave',
      reason: 'calm down',
    })
    await bob.join(room)
    await alice.ban(room, bob, 'enough')
    expect(await alice.state(room, 'm.room.member', bob.userId)).toMatchObject({ membership: 'ban', reason: 'enough' })
    await refused(bob.join(room), 'M_FORBIDDEN', 403)
    await alice.unban(room, bob)
    await bob.join(room)
    expect(await alice.joinedMembers(room)).toEqual([alice.userId, bob.userId])
  })

  test('an invite is taken back by a kick; somebody outside can be banned beforehand', async () => {
    const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
    const room = await alice.createRoom({ preset: 'public_chat', invite: [bob] })
    await alice.kick(room, bob)
    expect(await alice.state(room, 'm.room.member', bob.userId)).toMatchObject({ membership: 'leave' })
    await alice.ban(room, carol)
    await refused(carol.join(room), 'M_FORBIDDEN', 403)
  })

  test('it takes power, more than the other has', async () => {
    const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
    const room = await alice.createRoomWith([bob, carol])
    for (const verb of ['kick', 'ban', 'unban'] as const) {
      await refused(bob[verb](room, carol), 'M_FORBIDDEN', 403)
      await refused(bob[verb](room, alice), 'M_FORBIDDEN', 403)
    }
    await refused(alice.unban(room, bob), 'M_FORBIDDEN', 403)
    await bob.leave(room)
    await refused(alice.kick(room, bob), 'M_FORBIDDEN', 403)
    await refused(bob.kick(room, carol), 'M_FORBIDDEN', 403)
  })

  test('moderators act on those below them only', async () => {
    const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
    const room = await alice.createRoomWith([bob, carol])
    const levels = await alice.state(room, 'm.room.power_levels')
    await alice.setState(room, 'm.room.power_levels', {
      ...levels,
      users: { ...Object(levels['users']), [bob.userId]: 50, [carol.userId]: 50 },
    })
    await refused(bob.kick(room, carol), 'M_FORBIDDEN', 403)
    await alice.setState(room, 'm.room.power_levels', {
      ...levels,
      users: { ...Object(levels['users']), [bob.userId]: 50 },
    })
    await bob.kick(room, carol)
    await bob.ban(room, carol)
    await bob.unban(room, carol)
  })
})

describe('getJoinedRooms', () => {
  test('names the rooms one is in, not those one is invited to or has left', async () => {
    const { alice, bob, anybody } = await testServer({ users: ['alice', 'bob'] })
    const kept = await alice.createRoomWith([bob])
    const left = await alice.createRoomWith([bob])
    await alice.createRoom({ invite: [bob] })
    await bob.leave(left)
    expect(await bob.get('/joined_rooms')).toEqual({ joined_rooms: [kept] })
    await refused(anybody.get('/joined_rooms'), 'M_MISSING_TOKEN', 401)
  })
})
