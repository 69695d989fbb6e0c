import { describe, expect, test } from 'vitest'
import {
  path,
  refused,
  registerAdmin,
  SERVER_NAME,
  startProcess,
  temporaryFolder,
  testServer,
  until,
  type User,
} from '../harness/index.ts'
import { countStored, stored, tablesOfRooms } from './stored.ts'

interface Deletion {
  readonly delete_id: string
  readonly room_id: string
  readonly status: string
  readonly error?: string
  readonly shutdown_room: {
    readonly kicked_users: string[]
    readonly failed_to_kick_users: string[]
    readonly local_aliases: string[]
    readonly new_room_id: string | null
  }
}

function begin(admin: User, room: string, body: Record<string, unknown> = {}): Promise<{ delete_id: string }> {
  return admin.delete(path`/_synapse/admin/v2/rooms/${room}`, body) as Promise<{ delete_id: string }>
}

async function ended(admin: User, deleteId: string): Promise<Deletion> {
  const status = () => admin.get<Deletion>(path`/_synapse/admin/v2/rooms/delete_status/${deleteId}`)
  await until('the room is deleted', async () => ['complete', 'failed'].includes((await status()).status))
  return status()
}

/** Tables of which rows that belong to a room are left. */
async function leftovers(folder: string, roomNid: number): Promise<string[]> {
  const left: string[] = []
  for (const table of await tablesOfRooms({ folder })) {
    if ((await countStored({ folder }, table, `room_nid = ${roomNid}`)) > 0) left.push(table)
  }
  return left
}

async function roomNidOf(folder: string, room: string): Promise<number> {
  const [row] = await stored({ folder }, `SELECT room_nid FROM rooms WHERE room_id = '${room}'`)
  return Number(row?.['room_nid'])
}

describe('deleteRoomInBackground, deleteStatus, deleteStatusOfRoom', () => {
  test('members leave, nothing is left of it, and others are untouched', async () => {
    // given a room with everything in it, and another
    const { alice, bob, transport, folder } = await testServer({ users: ['alice', 'bob'] })
    const admin = await registerAdmin(transport)
    const room = await alice.createRoomWith([bob], { alias: 'bad', visibility: 'public' })
    const other = await alice.createRoomWith([bob])
    for (let i = 0; i < 120; i += 1) await alice.send(room, `evil ${i}`)
    await alice.redact(room, (await bob.send(room, 'worse')).event_id)
    await bob.put(path`/user/${bob.userId}/rooms/${room}/account_data/m.tag`, { tags: {} })
    await bob.send(other, 'harmless')
    const since = await bob.now()
    const nid = await roomNidOf(folder, room)
    // when it is deleted
    const { delete_id: deleteId } = await begin(admin, room)
    const deletion = await ended(admin, deleteId)
    // then
    expect(deletion).toEqual({
      delete_id: deleteId,
      room_id: room,
      status: 'complete',
      shutdown_room: {
        kicked_users: expect.arrayContaining([alice.userId, bob.userId]),
        failed_to_kick_users: [],
        local_aliases: [],
        new_room_id: null,
      },
    })
    const listed = await admin.get(path`/_synapse/admin/v2/rooms/${room}/delete_status`)
    expect(listed).toEqual({ results: [deletion] })
    expect(await leftovers(folder, nid)).toEqual(['changes'])
    expect(await countStored({ folder }, 'rooms', `room_id = '${room}'`)).toBe(0)
    await refused(alice.send(room, 'still here?'), 'M_FORBIDDEN', 403)
    await refused(alice.join(room), 'M_NOT_FOUND', 404)
    await refused(bob.join('#bad:example.org'), 'M_NOT_FOUND', 404)
    // and clients learn that their users have left, once
    const news = await bob.sync({ since })
    expect(news.rooms?.join?.[room]).toBeUndefined()
    expect(Object.keys(news.rooms?.leave ?? {})).toEqual([room])
    expect((await bob.sync({ since: news.next_batch })).rooms).toBeUndefined()
    expect(Object.keys((await alice.sync()).rooms?.join ?? {})).toEqual([other])
    expect((await bob.timeline(other, { type: 'm.room.message' })).length).toBe(1)
    expect((await alice.sync()).rooms?.leave).toBeUndefined()
    await alice.put(path`/profile/${alice.userId}/displayname`, { displayname: 'Alice' })
  })

  test('people and aliases are moved to a new room, and the old one is blocked', async () => {
    const { alice, bob, transport } = await testServer({ users: ['alice', 'bob'] })
    const admin = await registerAdmin(transport)
    const room = await alice.createRoom({ alias: 'bad', preset: 'private_chat', invite: [bob] })
    const { delete_id: id } = await begin(admin, room, {
      new_room_user_id: `@notices:${SERVER_NAME}`,
      room_name: 'Notice',
      message: 'It was bad.',
      block: true,
    })
    const { shutdown_room: report } = await ended(admin, id)
    expect(report).toMatchObject({
      kicked_users: expect.arrayContaining([alice.userId, bob.userId]),
      local_aliases: ['#bad:example.org'],
    })
    const newRoom = report.new_room_id!
    // those who were in the room are in the new one, and may read there, not speak; the invited one is not
    expect(await alice.joinedMembers(newRoom)).toEqual([alice.userId, `@notices:${SERVER_NAME}`].sort())
    expect(await alice.state(newRoom, 'm.room.name')).toEqual({ name: 'Notice' })
    expect((await alice.timeline(newRoom)).at(-1)?.content).toEqual({ msgtype: 'm.text', body: 'It was bad.' })
    await refused(alice.send(newRoom, 'but'), 'M_FORBIDDEN', 403)
    expect(await bob.join('#bad:example.org')).toBe(newRoom)
    // and the old one cannot be entered
    await refused(bob.join(room), 'M_FORBIDDEN', 403)
    const url = path`/_synapse/admin/v1/rooms/${room}/block`
    expect(await admin.get(url)).toEqual({ block: true, user_id: admin.userId })
    await admin.put(url, { block: false })
    expect(await admin.get(url)).toEqual({ block: false })
    await refused(bob.join(room), 'M_NOT_FOUND', 404)
  })

  test('without purge the room stays, and its members are out', async () => {
    const { alice, bob, transport } = await testServer({ users: ['alice', 'bob'] })
    const admin = await registerAdmin(transport)
    const room = await alice.createRoomWith([bob])
    const report = await admin.delete(path`/_synapse/admin/v1/rooms/${room}`, { purge: false })
    expect(report).toMatchObject({ kicked_users: expect.arrayContaining([alice.userId, bob.userId]) })
    await refused(alice.send(room, 'hello?'), 'M_FORBIDDEN', 403)
    await bob.join(room)
  })

  test('deleteRoom: version 1 answers at the end, and blocks rooms that are not known', async () => {
    const { alice, transport } = await testServer({ users: ['alice'] })
    const admin = await registerAdmin(transport)
    const room = await alice.createRoom()
    const nothing = { kicked_users: [], failed_to_kick_users: [], local_aliases: [], new_room_id: null }
    const url = path`/_synapse/admin/v1/rooms/${room}`
    expect(await admin.delete(url)).toEqual({ ...nothing, kicked_users: [alice.userId] })
    await refused(admin.delete(url), 'M_NOT_FOUND', 404)
    expect(await admin.delete(url, { block: true })).toEqual(nothing)
    await refused(alice.join(room), 'M_FORBIDDEN', 403)
    await refused(alice.delete(url), 'M_FORBIDDEN', 403)
    await refused(admin.delete(url, { new_room_user_id: '@eve:elsewhere.org' }), 'M_UNKNOWN', 400)
    await refused(admin.delete(url, { block: 'yes' }), 'M_BAD_JSON', 400)
    await refused(admin.get('/_synapse/admin/v2/rooms/!none:example.org/delete_status'), 'M_NOT_FOUND', 404)
  })

  test('blockRoom, blockedRoom: a blocked room takes no invites', async () => {
    const { alice, bob, transport } = await testServer({ users: ['alice', 'bob'] })
    const admin = await registerAdmin(transport)
    const room = await alice.createRoom({ preset: 'public_chat' })
    await admin.put(path`/_synapse/admin/v1/rooms/${room}/block`, { block: true })
    await refused(alice.invite(room, bob), 'M_FORBIDDEN', 403)
    await refused(bob.join(room), 'M_FORBIDDEN', 403)
    await refused(alice.setState(room, 'm.room.member', { membership: 'invite' }, bob.userId), 'M_FORBIDDEN', 403)
    await alice.send(room, 'those within may go on')
  })

  test('other rooms’ sends go on between its steps; the same room is not deleted twice at once', async () => {
    const { alice, transport } = await testServer({ users: ['alice'] })
    const admin = await registerAdmin(transport)
    const [room, other] = [await alice.createRoom(), await alice.createRoom()]
    for (let i = 0; i < 300; i += 1) await alice.send(room, `message ${i}`)
    // when sends are made while it is deleted
    const { delete_id: id } = await begin(admin, room)
    await refused(begin(admin, room), 'M_UNKNOWN', 400)
    const statuses: string[] = []
    for (let i = 0; i < 10; i += 1) {
      await alice.send(other, `meanwhile ${i}`)
      const { status } = await admin.get<Deletion>(path`/_synapse/admin/v2/rooms/delete_status/${id}`)
      statuses.push(status)
    }
    // then they were answered before it was at its end
    expect(statuses).toContain('active')
    expect((await ended(admin, id)).status).toBe('complete')
  })

  test('kill -9 in the middle: another process goes on where it ended', async () => {
    const folder = temporaryFolder()
    const server = await startProcess(folder)
    const alice = await server.register('alice')
    const admin = await registerAdmin(server.transport)
    const room = await alice.createRoom()
    const since = await alice.now()
    await Promise.all(Array.from({ length: 1_500 }, (_, i) => alice.send(room, `message ${i}`)))
    const nid = await roomNidOf(folder, room)
    const { delete_id: id } = await begin(admin, room)
    await until('it has begun', async () => (await countStored({ folder }, 'events', `room_nid = ${nid}`)) < 1_400)
    await server.kill()
    const left = await countStored({ folder }, 'events', `room_nid = ${nid}`)
    expect(left).toBeGreaterThan(0)
    const second = await startProcess(folder)
    const deletion = await ended(admin.through(second.transport), id)
    expect(deletion).toMatchObject({ status: 'complete', shutdown_room: { kicked_users: [alice.userId] } })
    expect(await leftovers(folder, nid)).toEqual(['changes'])
    const news = await alice.through(second.transport).sync({ since })
    expect(Object.keys(news.rooms?.leave ?? {})).toEqual([room])
  })
})
