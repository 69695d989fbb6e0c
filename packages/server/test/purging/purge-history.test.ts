import { describe, expect, test } from 'vitest'
import { path, refused, registerAdmin, type RunningServer, testServer, until, type User } from '../harness/index.ts'
import { isOnPostgres } from '../harness/postgres.ts'
import { countStored, stored } from './stored.ts'

/** Begins to purge and waits for the end. */
async function purge(admin: User, room: string, eventId: string, body = {}): Promise<void> {
  const { purge_id: id } = await admin.post<{ purge_id: string }>(
    path`/_synapse/admin/v1/purge_history/${room}/${eventId}`,
    body,
  )
  await until('history is purged', async () => (await statusOf(admin, id)).status !== 'active')
  expect(await statusOf(admin, id)).toEqual({ status: 'complete' })
}

function statusOf(admin: User, purgeId: string): Promise<{ status: string; error?: string }> {
  return admin.get(path`/_synapse/admin/v1/purge_history_status/${purgeId}`)
}

async function say(user: User, room: string, what: string, times: number): Promise<string[]> {
  const eventIds: string[] = []
  for (let i = 0; i < times; i += 1) eventIds.push((await user.send(room, `${what} ${i}`)).event_id)
  return eventIds
}

async function collected({ clock }: RunningServer, admin: User, room: string): Promise<void> {
  await clock.advance(60_000)
  await until('the state is collected', async () => {
    const { scheduled_tasks: tasks } = await admin.get<{ scheduled_tasks: { status: string }[] }>(
      '/_synapse/admin/v1/scheduled_tasks',
      { resource_id: room, action_name: 'collect_state_nodes' },
    )
    return tasks.length > 0 && tasks.every(({ status }) => status === 'complete')
  })
}

describe('purgeHistory, purgeHistoryStatus', () => {
  test('messages before an event go, state and what follows stay', async () => {
    // given a room with much history
    const running = await testServer({ users: ['alice', 'bob'] })
    const { alice, bob, transport } = running
    const admin = await registerAdmin(transport)
    const room = await alice.createRoomWith([bob], { name: 'Before' })
    const sinceOld = await bob.now()
    const old = await say(alice, room, 'old', 150)
    await alice.setState(room, 'm.room.topic', { topic: 'lasting' })
    const redacted = await alice.setState(room, 'm.room.pinned_events', { pinned: ['$x'] })
    await alice.redact(room, redacted)
    const [first, ...later] = await say(bob, room, 'new', 30)
    const before = await alice.get<object[]>(path`/rooms/${room}/state`)
    // when the older part is purged, local events too
    await purge(admin, room, first!, { delete_local_events: true })
    // then the messages are gone, from the database too
    await refused(alice.event(room, old[7]!), 'M_NOT_FOUND', 404)
    expect(await countStored(running, 'events', `json LIKE '%old %'`)).toBe(0)
    // and the state is what it was, event by event
    expect(new Set(ids(await alice.get(path`/rooms/${room}/state`)))).toEqual(new Set(ids(before)))
    expect(await bob.state(room, 'm.room.topic')).toEqual({ topic: 'lasting' })
    // and what is left can be paged through to its end, from either side and from old tokens
    expect((await alice.timeline(room)).map(({ event_id: id }) => id)).toEqual([first, ...later])
    const page = await alice.messages(room, { dir: 'b', from: sinceOld })
    expect(page).toMatchObject({ chunk: [] })
    expect(page.end).toBeUndefined()
    // and clients with old tokens go on
    const caughtUp = await bob.syncRoom(room, { since: sinceOld })
    expect(ids(caughtUp!.timeline.events)).toEqual(later.slice(-10))
    expect(caughtUp!.state.events).toContainEqual(expect.objectContaining({ type: 'm.room.topic' }))
    const anew = await alice.syncRoom(room)
    expect(anew!.state.events).toContainEqual(expect.objectContaining({ type: 'm.room.name' }))
    // and the room lives
    const { event_id: next } = await alice.send(room, 'next')
    expect(ids((await bob.syncRoom(room))!.timeline.events)).toContain(next)
  })

  test('events of this server stay stored unless asked for, outside the timeline', async () => {
    const running = await testServer({ users: ['alice'] })
    const { alice, transport } = running
    const admin = await registerAdmin(transport)
    const room = await alice.createRoom()
    await say(alice, room, 'old', 5)
    const [last] = await say(alice, room, 'new', 1)
    await purge(admin, room, last!)
    expect(await countStored(running, 'events', `json LIKE '%old %'`)).toBe(5)
    expect((await alice.timeline(room)).map(({ event_id: id }) => id)).toEqual([last])
  })

  test('a time names the point, too; the last event always stays', async () => {
    const running = await testServer({ users: ['alice'] })
    const { alice, clock, transport } = running
    const admin = await registerAdmin(transport)
    const room = await alice.createRoom()
    const sent: string[] = []
    for (let i = 0; i < 20; i += 1) {
      await clock.advance(1_000)
      sent.push((await alice.send(room, `at ${i}`)).event_id)
    }
    const ts = clock.now() - 10_000
    const body = { purge_up_to_ts: ts, delete_local_events: true }
    await admin.post(path`/_synapse/admin/v1/purge_history/${room}`, body)
    await until('it is purged', async () => (await alice.timeline(room)).length < 20)
    await until('it is purged', async () => (await alice.timeline(room)).length === 11)
    expect(ids(await alice.timeline(room))).toEqual(sent.slice(9))
    // when all of it is old
    await admin.post(path`/_synapse/admin/v1/purge_history/${room}`, { ...body, purge_up_to_ts: clock.now() + 1 })
    await until('it is purged', async () => (await alice.timeline(room)).length === 1)
    expect(ids(await alice.timeline(room))).toEqual(sent.slice(19))
    const { event_id: next } = await alice.send(room, 'next')
    expect(ids(await alice.timeline(room))).toEqual([sent[19], next])
  })

  test('scheduledTasks: state that nobody needs is collected, while the room is in use, and its pages are used again', async () => {
    // given a room whose state has changed often
    const running = await testServer({ users: ['alice', 'bob'] })
    const { alice, bob, transport } = running
    const admin = await registerAdmin(transport)
    const room = await alice.createRoomWith([bob])
    for (let i = 0; i < 600; i += 1) {
      await alice.setState(room, 'org.example.state', { i, filling: 'x'.repeat(300) }, `key ${i % 40}`)
    }
    const last = await say(alice, room, 'last', 1)
    const before = new Set(ids(await alice.get(path`/rooms/${room}/state`)))
    const chunksBefore = await countStored(running, 'state_nodes')
    await purge(admin, room, last[0]!, { delete_local_events: true })
    expect(await countStored(running, 'room_states')).toBeLessThan(5)
    // when it is collected, while more is sent
    const sending = Promise.all([say(bob, room, 'meanwhile', 40), stateChanges(alice, room, 40)])
    await collected(running, admin, room)
    await sending
    // then few chunks are left, and every state is as it was
    expect(await countStored(running, 'state_nodes')).toBeLessThan(chunksBefore / 3)
    const after = new Set(ids(await alice.get(path`/rooms/${room}/state`)))
    expect(after.size).toBe(before.size + 1)
    expect(before.difference(after).size).toBe(0)
    // and all of it can be read anew by a server that remembers nothing
    await running.stop()
    const again = await testServer({ folder: running.folder })
    const aliceAgain = alice.through(again.transport)
    expect(new Set(ids(await aliceAgain.get(path`/rooms/${room}/state`)))).toEqual(after)
    expect((await aliceAgain.timeline(room, { type: 'm.room.message' })).length).toBe(41)
    for (let i = 0; i < 40; i += 1) await aliceAgain.state(room, `org.example.state`, `key ${i}`)
    // and what has been given up is used before the file grows; in PostgreSQL that is for its VACUUM
    if (isOnPostgres) return
    const free = Number((await stored(again, 'PRAGMA freelist_count'))[0]?.['freelist_count'])
    const pages = Number((await stored(again, 'PRAGMA page_count'))[0]?.['page_count'])
    expect(free).toBeGreaterThan(10)
    await say(aliceAgain, room, 'y'.repeat(3_000), free)
    expect(Number((await stored(again, 'PRAGMA page_count'))[0]?.['page_count'])).toBeLessThan(pages + free / 2)
  })

  test('who may, and what is refused', async () => {
    const { alice, transport } = await testServer({ users: ['alice'] })
    const admin = await registerAdmin(transport)
    const room = await alice.createRoom()
    const other = await alice.createRoom()
    const { event_id: eventId } = await alice.send(other, 'elsewhere')
    const url = path`/_synapse/admin/v1/purge_history/${room}`
    await refused(alice.post(url, { purge_up_to_ts: 1 }), 'M_FORBIDDEN', 403)
    await refused(admin.post(url), 'M_BAD_JSON', 400)
    await refused(admin.post(url, { purge_up_to_event_id: eventId }), 'M_UNKNOWN', 400)
    await refused(admin.post(url, { purge_up_to_event_id: '$nothing' }), 'M_NOT_FOUND', 404)
    await refused(admin.post(url, { purge_up_to_ts: 1 }), 'M_NOT_FOUND', 404)
    await refused(statusOf(admin, 'none'), 'M_NOT_FOUND', 404)
    await refused(alice.get('/_synapse/admin/v1/scheduled_tasks'), 'M_FORBIDDEN', 403)
  })
})

async function stateChanges(user: User, room: string, times: number): Promise<void> {
  for (let i = 0; i < times; i += 1) await user.setState(room, 'org.example.other', { i })
}

function ids(events: readonly object[]): string[] {
  return events.map((event) => ('event_id' in event ? String(event.event_id) : ''))
}
