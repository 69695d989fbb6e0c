import { describe, expect, test } from 'vitest'
import { path, refused, testServer } from '../harness/index.ts'

describe('setRoomStateWithKey', () => {
  test('state is set, with and without a state key in the path', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    await alice.put(path`/rooms/${room}/state/m.room.topic`, { topic: 'without' })
    expect(await alice.state(room, 'm.room.topic')).toMatchObject({ topic: 'without' })
    await alice.put(path`/rooms/${room}/state/m.room.topic/`, { topic: 'with a slash' })
    expect(await alice.get(path`/rooms/${room}/state/m.room.topic`)).toMatchObject({ topic: 'with a slash' })
    await alice.setState(room, 'org.example.seat', { taken: true }, 'row 1/seat 2')
    expect(await alice.state(room, 'org.example.seat', 'row 1/seat 2')).toEqual({ taken: true })
  })

  test('what it replaces is in unsigned', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom({ name: 'before' })
    const eventId = await alice.setState(room, 'm.room.name', { name: 'after' })
    expect((await alice.event(room, eventId)).unsigned).toMatchObject({
      prev_content: { name: 'before' },
      replaces_state: expect.stringMatching(/^\$/),
    })
  })

  test('setting what is in force already answers with the event in force', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    const first = await alice.setState(room, 'm.room.name', { name: 'same' })
    expect(await alice.setState(room, 'm.room.name', { name: 'same' })).toBe(first)
  })

  test('it takes power; nobody sets state that bears another’s name', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    await refused(bob.setState(room, 'm.room.name', { name: 'mine now' }), 'M_FORBIDDEN', 403)
    await refused(alice.setState(room, 'org.example.seat', {}, bob.userId), 'M_FORBIDDEN', 403)
    await refused(bob.setState('!none:example.org', 'm.room.name', {}), 'M_FORBIDDEN', 403)
    await alice.setState(room, 'org.example.seat', {}, alice.userId)
  })

  test('nobody gives away more power than they have', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const levels = await alice.state(room, 'm.room.power_levels')
    const users = Object(levels['users'])
    await alice.setState(room, 'm.room.power_levels', { ...levels, users: { ...users, [bob.userId]: 50 } })
    await refused(
      bob.setState(room, 'm.room.power_levels', { ...levels, users: { ...users, [bob.userId]: 100 } }),
      'M_FORBIDDEN',
      403,
    )
  })

  test('a canonical alias must name the room', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    await refused(alice.setState(room, 'm.room.canonical_alias', { alias: '#none:example.org' }), 'M_BAD_ALIAS', 400)
    await refused(alice.setState(room, 'm.room.canonical_alias', { alias: 'nonsense' }), 'M_INVALID_PARAM', 400)
  })
})
