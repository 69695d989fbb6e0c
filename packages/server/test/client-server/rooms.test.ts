import { describe, expect, test } from 'vitest'
import { type ClientEvent, path, refused, testServer } from '../harness/index.ts'

describe('getOneRoomEvent', () => {
  test('gives an event its room’s members may see', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const { event_id: eventId } = await alice.send(room, 'hello')
    expect(await bob.event(room, eventId)).toMatchObject({
      event_id: eventId,
      room_id: room,
      type: 'm.room.message',
      sender: alice.userId,
      content: { msgtype: 'm.text', body: 'hello' },
      origin_server_ts: expect.any(Number),
    })
  })

  test('not to outsiders, not by another room’s name, not what is not there', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const [room, other] = [await alice.createRoom(), await alice.createRoom()]
    const { event_id: eventId } = await alice.send(room, 'hello')
    await refused(bob.event(room, eventId), 'M_NOT_FOUND', 404)
    await refused(alice.event(other, eventId), 'M_NOT_FOUND', 404)
    await refused(alice.event(room, `$${'n'.repeat(43)}`), 'M_NOT_FOUND', 404)
  })
})

describe('getRoomState, getRoomStateWithKey', () => {
  test('all state, one event, one content', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob], { name: 'Kitchen' })
    const state = await bob.allState(room)
    const keys = state.map(({ type, state_key }) => `${type} ${state_key}`)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys).toEqual(expect.arrayContaining(['m.room.create ', 'm.room.name ', `m.room.member ${bob.userId}`]))
    expect(await bob.state(room, 'm.room.name')).toEqual({ name: 'Kitchen' })
    expect(await bob.get(path`/rooms/${room}/state/m.room.name/`, { format: 'event' })).toMatchObject({
      type: 'm.room.name',
      state_key: '',
      content: { name: 'Kitchen' },
    })
  })

  test('who has left sees the state as it was', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob], { name: 'before' })
    await bob.leave(room)
    await alice.setState(room, 'm.room.name', { name: 'after' })
    expect(await bob.state(room, 'm.room.name')).toEqual({ name: 'before' })
    const name = (await bob.allState(room)).find(({ type }) => type === 'm.room.name')
    expect(name?.content).toEqual({ name: 'before' })
    expect(await alice.state(room, 'm.room.name')).toEqual({ name: 'after' })
  })

  test('outsiders see it only where it is world-readable', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const closed = await alice.createRoom({ preset: 'public_chat' })
    const open = await alice.createRoom({ historyVisibility: 'world_readable', name: 'open' })
    await refused(bob.allState(closed), 'M_FORBIDDEN', 403)
    await refused(bob.state(closed, 'm.room.create'), 'M_FORBIDDEN', 403)
    expect(await bob.state(open, 'm.room.name')).toEqual({ name: 'open' })
    await refused(alice.state(closed, 'org.example.none'), 'M_NOT_FOUND', 404)
  })
})

describe('getMembersByRoom, getJoinedMembersByRoom', () => {
  test('members by membership, and as of a token', async () => {
    const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
    const room = await alice.createRoomWith([bob])
    const before = await alice.now()
    await alice.invite(room, carol)
    await bob.leave(room)
    const members = async (query: Record<string, string> = {}) => {
      const { chunk } = await alice.get<{ chunk: ClientEvent[] }>(path`/rooms/${room}/members`, query)
      return Object.fromEntries(chunk.map(({ state_key, content }) => [state_key, content['membership']]))
    }
    expect(await members()).toEqual({ [alice.userId]: 'join', [bob.userId]: 'leave', [carol.userId]: 'invite' })
    expect(await members({ membership: 'join' })).toEqual({ [alice.userId]: 'join' })
    expect(await members({ not_membership: 'leave' })).toEqual({ [alice.userId]: 'join', [carol.userId]: 'invite' })
    expect(await members({ at: before })).toEqual({ [alice.userId]: 'join', [bob.userId]: 'join' })
    await refused(members({ membership: 'owner' }), 'M_INVALID_PARAM', 400)
    await refused(members({ at: 'nonsense' }), 'M_INVALID_PARAM', 400)
  })

  test('joined members have their names', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    await bob.put(path`/profile/${bob.userId}/displayname`, { displayname: 'Bobby' })
    const room = await alice.createRoomWith([bob])
    expect(await alice.get(path`/rooms/${room}/joined_members`)).toEqual({
      joined: {
        [alice.userId]: { display_name: 'alice', avatar_url: null },
        [bob.userId]: { display_name: 'Bobby', avatar_url: null },
      },
    })
  })

  test('outsiders learn of nobody', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'public_chat' })
    await refused(bob.get(path`/rooms/${room}/members`), 'M_FORBIDDEN', 403)
    await refused(bob.get(path`/rooms/${room}/joined_members`), 'M_FORBIDDEN', 403)
  })
})
