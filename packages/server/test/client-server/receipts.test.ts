import { describe, expect, test } from 'vitest'
import { type Content, path, refused, type RoomSection, testServer, type User } from '../harness/index.ts'

const BY_THREAD = { room: { timeline: { unread_thread_notifications: true } } }

function receipt(user: User, room: string, eventId: string, body: Content = {}, type = 'm.read'): Promise<Content> {
  return user.post(path`/rooms/${room}/receipt/${type}/${eventId}`, body)
}

/** What is unread in a room: everything together, or by thread. */
async function unread(user: User, room: string, filter?: Content): Promise<unknown> {
  const section = (await user.syncRoom(room, { ...(filter !== undefined && { filter }) }))!
  const { notification_count: count, highlight_count: highlights } = section.unread_notifications!
  return filter === undefined ? [count, highlights] : [count, section.unread_thread_notifications]
}

function receiptsIn(section: RoomSection | undefined): unknown[] {
  return (section?.ephemeral?.events ?? []).filter(({ type }) => type === 'm.receipt').map(({ content }) => content)
}

async function say(user: User, room: string, body: string, more: Content = {}): Promise<string> {
  return (await user.send(room, { msgtype: 'm.text', body, ...more })).event_id
}

function inThread(root: string): Content {
  return { 'm.relates_to': { rel_type: 'm.thread', event_id: root } }
}

describe('postReceipt', () => {
  test('takes what it covers off the counts, and wakes the user’s syncs', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    expect(await unread(bob, room)).toEqual([0, 0])
    const first = await say(alice, room, 'one')
    await say(alice, room, 'two', { 'm.mentions': { user_ids: [bob.userId] } })
    expect(await unread(bob, room)).toEqual([2, 1])
    expect(await unread(alice, room)).toEqual([0, 0])
    const waiting = bob.syncRoom(room, { since: await bob.now(), timeoutMs: 30_000 })
    await receipt(bob, room, first)
    expect((await waiting)!.unread_notifications).toEqual({ notification_count: 1, highlight_count: 1 })
    // receipts never go back
    const last = await say(alice, room, 'three')
    await receipt(bob, room, last, {}, 'm.read.private')
    await receipt(bob, room, first)
    expect(await unread(bob, room)).toEqual([0, 0])
  })

  test('public ones are shown to the room, private ones to their user alone', async () => {
    const { alice, bob, clock } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const [first, second] = [await say(alice, room, 'one'), await say(alice, room, 'two')]
    const [alices, bobs] = [await alice.now(), await bob.now()]
    await receipt(bob, room, first)
    await receipt(bob, room, second, {}, 'm.read.private')
    const shown = { [first]: { 'm.read': { [bob.userId]: { ts: clock.now() } } } }
    const hidden = { [second]: { 'm.read.private': { [bob.userId]: { ts: clock.now() } } } }
    for (const since of [alices, undefined]) {
      expect(receiptsIn(await alice.syncRoom(room, { ...(since !== undefined && { since }) }))).toEqual([shown])
    }
    for (const since of [bobs, undefined]) {
      expect(receiptsIn(await bob.syncRoom(room, { ...(since !== undefined && { since }) }))).toEqual([
        { ...shown, ...hidden },
      ])
    }
    // who has heard of them hears of them no more
    expect(await alice.syncRoom(room, { since: await alice.now() })).toBeUndefined()
  })

  test('a private receipt wakes nobody else', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const event = await say(alice, room, 'one')
    const since = await alice.now()
    await receipt(bob, room, event, {}, 'm.read.private')
    expect((await alice.sync({ since })).rooms).toBeUndefined()
  })

  test('one for a thread leaves the others as they are', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const root = await say(alice, room, 'root')
    const other = await say(alice, room, 'other root')
    const reply = await say(alice, room, 'reply', inThread(root))
    await say(alice, room, 'reply to other', inThread(other))
    const one = { notification_count: 1, highlight_count: 0 }
    expect(await unread(bob, room, BY_THREAD)).toEqual([2, { [root]: one, [other]: one }])
    expect(await unread(bob, room)).toEqual([4, 0])
    await receipt(bob, room, reply, { thread_id: root })
    expect(await unread(bob, room, BY_THREAD)).toEqual([2, { [other]: one }])
    await receipt(bob, room, other, { thread_id: 'main' })
    expect(await unread(bob, room, BY_THREAD)).toEqual([0, { [other]: one }])
    const latest = await say(alice, room, 'latest')
    await receipt(bob, room, latest)
    expect(await unread(bob, room, BY_THREAD)).toEqual([0, undefined])
    const shown = receiptsIn(await alice.syncRoom(room))[0] as Record<string, Record<string, Record<string, unknown>>>
    expect(shown[reply]!['m.read']![bob.userId]).toMatchObject({ thread_id: root })
    expect(shown[latest]!['m.read']![bob.userId]).not.toHaveProperty('thread_id')
  })

  test('the thread must be one of the event', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    const root = await say(alice, room, 'root')
    const reply = await say(alice, room, 'reply', inThread(root))
    const { event_id: reaction } = await alice.send(
      room,
      { 'm.relates_to': { rel_type: 'm.annotation', event_id: reply, key: 'x' } },
      { type: 'm.reaction' },
    )
    for (const event of [root, reply, reaction]) await receipt(alice, room, event, { thread_id: root })
    await receipt(alice, room, root, { thread_id: 'main' })
    for (const event of [reply, reaction]) {
      await refused(receipt(alice, room, event, { thread_id: 'main' }), 'M_INVALID_PARAM', 400)
    }
    for (const thread of ['', 7, '$elsewhere', null]) {
      await refused(receipt(alice, room, root, { thread_id: thread }), 'M_INVALID_PARAM', 400)
    }
    await refused(receipt(alice, room, root, { thread_id: 'main' }, 'm.fully_read'), 'M_INVALID_PARAM', 400)
  })

  test('is for members, events of the room, and the types there are', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom()
    const elsewhere = await bob.createRoom()
    const event = await say(alice, room, 'one')
    await refused(receipt(bob, room, event), 'M_FORBIDDEN', 403)
    await refused(receipt(bob, elsewhere, event), 'M_NOT_FOUND', 404)
    await refused(receipt(alice, room, '$unknown:example.org'), 'M_NOT_FOUND', 404)
    await refused(receipt(alice, room, event, {}, 'm.unheard'), 'M_INVALID_PARAM', 400)
  })

  test('sending reads the thread that one sends to', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const root = await say(alice, room, 'root')
    await say(alice, room, 'reply', inThread(root))
    await say(bob, room, 'answer')
    const one = { notification_count: 1, highlight_count: 0 }
    expect(await unread(bob, room, BY_THREAD)).toEqual([0, { [root]: one }])
    expect(await unread(alice, room, BY_THREAD)).toEqual([1, undefined])
  })

  test('what was said before one joined is not unread, nor what was said while one was away', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'public_chat' })
    await say(alice, room, 'early')
    await bob.join(room)
    expect(await unread(bob, room)).toEqual([0, 0])
    await bob.leave(room)
    await say(alice, room, 'meanwhile')
    await bob.join(room)
    await say(alice, room, 'late')
    expect(await unread(bob, room)).toEqual([1, 0])
  })

  test('a receipt that is hidden by the filter still brings the counts', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const event = await say(alice, room, 'one')
    const filter = { room: { ephemeral: { types: [] } } }
    const since = await bob.now()
    await receipt(bob, room, event)
    expect(await bob.syncRoom(room, { since, filter })).toMatchObject({
      ephemeral: { events: [] },
      unread_notifications: { notification_count: 0, highlight_count: 0 },
    })
    const alices = await alice.now()
    await receipt(bob, room, await say(bob, room, 'two'))
    await alice.sync({ since: alices })
    const after = await alice.now()
    await receipt(bob, room, await say(alice, room, 'three'))
    expect((await alice.syncRoom(room, { since: after, filter }))!.ephemeral).toEqual({ events: [] })
  })
})

test('setReadMarker: the fully read marker is account data that moves forward only, and receipts go with it', async () => {
  const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
  const room = await alice.createRoomWith([bob])
  const [first, second] = [await say(alice, room, 'one'), await say(alice, room, 'two')]
  const url = path`/rooms/${room}/read_markers`
  const marker = path`/user/${bob.userId}/rooms/${room}/account_data/m.fully_read`
  const since = await bob.now()
  await bob.post(url, { 'm.fully_read': first, 'm.read.private': second })
  expect(await bob.get(marker)).toEqual({ event_id: first })
  const section = (await bob.syncRoom(room, { since }))!
  expect(section.account_data.events).toEqual([{ type: 'm.fully_read', content: { event_id: first } }])
  expect(receiptsIn(section)).toEqual([
    { [second]: { 'm.read.private': { [bob.userId]: { ts: expect.any(Number) } } } },
  ])
  expect(section.unread_notifications).toEqual({ notification_count: 0, highlight_count: 0 })
  // through the other endpoint just the same
  await receipt(bob, room, second, {}, 'm.fully_read')
  await bob.post(url, { 'm.fully_read': first })
  expect(await bob.get(marker)).toEqual({ event_id: second })
  await bob.post(url, {})
  await refused(bob.post(url, { 'm.read': 'nothing' }), 'M_INVALID_PARAM', 400)
  await refused(bob.post(url, { 'm.fully_read': '$unknown:example.org' }), 'M_NOT_FOUND', 404)
  await refused(bob.put(marker, { event_id: first }), 'M_BAD_JSON', 405)
})

test('counts survive that the server is started anew, and that an event is sent at once with many', async () => {
  const first = await testServer({ users: ['alice', 'bob'] })
  const { alice, bob } = first
  const room = await alice.createRoomWith([bob])
  await Promise.all(Array.from({ length: 40 }, (_, n) => say(alice, room, `m${n}`)))
  expect(await unread(bob, room)).toEqual([40, 0])
  await first.stop()
  const { transport } = await testServer({ folder: first.folder })
  expect(await unread(bob.through(transport), room)).toEqual([40, 0])
  await alice.through(transport).send(room, 'after', { txnId: 'after' })
  expect(await unread(bob.through(transport), room)).toEqual([41, 0])
})

test('a member’s own rules hold from the moment they join, whatever the server has in memory', async () => {
  // given somebody who waits for a word
  const first = await testServer({ users: ['alice', 'bob'] })
  const room = await first.alice.createRoom({ preset: 'public_chat' })
  const actions = ['notify', { set_tweak: 'highlight' }]
  await first.bob.put('/pushrules/global/content/cake', { actions, pattern: 'cake' })
  await first.stop()
  // when joining is the first that happens in the room
  const { transport } = await testServer({ folder: first.folder })
  const [alice, bob] = [first.alice.through(transport), first.bob.through(transport)]
  await bob.join(room)
  await alice.send(room, 'cake', { txnId: 'cake' })
  expect(await unread(bob, room)).toEqual([1, 1])
  // then leaving and coming back changes nothing, nor does another word
  await bob.leave(room)
  await bob.put('/pushrules/global/content/cake', { actions, pattern: 'tea' })
  await bob.join(room)
  await alice.send(room, 'cake', { txnId: 'more cake' })
  await alice.send(room, 'tea', { txnId: 'tea' })
  expect(await unread(bob, room)).toEqual([2, 1])
})
