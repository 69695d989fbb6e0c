import { describe, expect, test } from 'vitest'
import { type Content, path, refused, SERVER_NAME, testServer } from '../harness/index.ts'

const HALL = `#hall:${SERVER_NAME}`

describe('setRoomAlias, getRoomIdByAlias, deleteRoomAlias, getLocalAliases', () => {
  test('an alias is given, found, listed and taken away', async () => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    await alice.put(path`/directory/room/${HALL}`, { room_id: room })
    expect(await anybody.get(path`/directory/room/${HALL}`)).toEqual({ room_id: room, servers: [SERVER_NAME] })
    expect(await alice.get(path`/rooms/${room}/aliases`)).toEqual({ aliases: [HALL] })
    await alice.setState(room, 'm.room.canonical_alias', { alias: HALL })
    await alice.delete(path`/directory/room/${HALL}`)
    await refused(anybody.get(path`/directory/room/${HALL}`), 'M_NOT_FOUND', 404)
    // and the room no longer calls itself by a name that leads nowhere
    expect(await alice.state(room, 'm.room.canonical_alias')).not.toHaveProperty('alias')
  })

  test('it is taken once, for rooms there are, by those who may', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ alias: 'hall', preset: 'public_chat' })
    await refused(alice.put(path`/directory/room/${HALL}`, { room_id: room }), 'M_UNKNOWN', 409)
    await refused(alice.put(path`/directory/room/${'#x:elsewhere.org'}`, { room_id: room }), 'M_INVALID_PARAM', 400)
    await refused(alice.put(path`/directory/room/${'hall'}`, { room_id: room }), 'M_INVALID_PARAM', 400)
    await refused(
      alice.put(path`/directory/room/${'#new:example.org'}`, { room_id: '!none:example.org' }),
      'M_NOT_FOUND',
      404,
    )
    await refused(alice.put(path`/directory/room/${'#new:example.org'}`, {}), 'M_MISSING_PARAM', 400)
    await refused(bob.delete(path`/directory/room/${HALL}`), 'M_FORBIDDEN', 403)
    await refused(bob.get(path`/rooms/${room}/aliases`), 'M_FORBIDDEN', 403)
    await refused(alice.delete(path`/directory/room/${'#none:example.org'}`), 'M_NOT_FOUND', 404)
  })

  test('two who want it at once: one gets it', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const rooms = [await alice.createRoom(), await alice.createRoom()]
    const answers = await Promise.allSettled(
      rooms.map((room) => alice.put(path`/directory/room/${HALL}`, { room_id: room })),
    )
    expect(answers.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected'])
  })
})

describe('getPublicRooms, queryPublicRooms, getRoomVisibilityOnDirectory, setRoomVisibilityOnDirectory', () => {
  interface Page {
    readonly chunk: readonly Content[]
    readonly next_batch?: string
    readonly total_room_count_estimate: number
  }

  test('listed rooms are found, by page and by name', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const kitchen = await alice.createRoom({ visibility: 'public', name: 'Kitchen', topic: 'Food', alias: 'kitchen' })
    const garden = await alice.createRoomWith([bob], { visibility: 'public', name: 'Garden' })
    await alice.createRoom({ preset: 'public_chat', name: 'Unlisted' })
    const all = await bob.get<Page>('/publicRooms')
    expect(all.chunk).toMatchObject([
      { room_id: garden, name: 'Garden', num_joined_members: 2, join_rule: 'public' },
      {
        room_id: kitchen,
        name: 'Kitchen',
        topic: 'Food',
        num_joined_members: 1,
        canonical_alias: `#kitchen:${SERVER_NAME}`,
        world_readable: false,
        guest_can_join: false,
      },
    ])
    const first = await bob.get<Page>('/publicRooms', { limit: 1 })
    const second = await bob.get<Page>('/publicRooms', { limit: 1, since: first.next_batch })
    expect([first, second].flatMap(({ chunk }) => chunk.map((room) => room['room_id']))).toEqual([garden, kitchen])
    expect(second.next_batch).toBeUndefined()
    const found = await bob.post<Page>('/publicRooms', { filter: { generic_search_term: 'food' } })
    expect(found.chunk.map((room) => room['room_id'])).toEqual([kitchen])
  })

  test('moderators list rooms and take them out', async () => {
    const { alice, bob, anybody } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const url = path`/directory/list/room/${room}`
    expect(await anybody.get(url)).toEqual({ visibility: 'private' })
    await alice.put(url, { visibility: 'public' })
    expect(await anybody.get(url)).toEqual({ visibility: 'public' })
    await refused(bob.put(url, { visibility: 'private' }), 'M_FORBIDDEN', 403)
    await alice.put(url, { visibility: 'private' })
    expect((await alice.get<Page>('/publicRooms')).chunk).toEqual([])
  })

  test('what is wrong', async () => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    await refused(anybody.get(path`/directory/list/room/${'!none:example.org'}`), 'M_NOT_FOUND', 404)
    await refused(
      alice.put(path`/directory/list/room/${'!none:example.org'}`, { visibility: 'public' }),
      'M_NOT_FOUND',
      404,
    )
    await refused(alice.get('/publicRooms', { since: 'nonsense' }), 'M_INVALID_PARAM', 400)
    await refused(alice.post('/publicRooms', { filter: [] }), 'M_BAD_JSON', 400)
    await refused(anybody.get('/publicRooms'), 'M_MISSING_TOKEN', 401)
  })
})
