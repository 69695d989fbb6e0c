import { describe, expect, test } from 'vitest'
import { bodies, path, refused, testServer, type User } from '../harness/index.ts'

/** Every way to read a room's messages that the user has, told apart from refusals. */
async function readable(user: User, room: string, eventIds: Readonly<Record<string, string>>): Promise<string[]> {
  const found: string[] = []
  for (const [name, eventId] of Object.entries(eventIds)) {
    const event = await user.event(room, eventId).catch(() => undefined)
    if (event !== undefined) found.push(name)
  }
  return found
}

describe('history visibility', () => {
  // what bob reads who was first outside, then invited, then in the room, and has left again
  test.each([
    ['world_readable', ['outside', 'invited', 'joined', 'left']],
    ['shared', ['outside', 'invited', 'joined']],
    ['invited', ['invited', 'joined']],
    ['joined', ['joined']],
  ] as const)('%s', async (historyVisibility, expected) => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ historyVisibility })
    const sent: Record<string, string> = {}
    sent['outside'] = (await alice.send(room, 'outside')).event_id
    await alice.invite(room, bob)
    sent['invited'] = (await alice.send(room, 'invited')).event_id
    await bob.join(room)
    sent['joined'] = (await alice.send(room, 'joined')).event_id
    // while in the room
    const inRoom = expected.filter((name) => name !== 'left')
    expect(await readable(bob, room, sent)).toEqual(inRoom)
    expect(bodies(await bob.timeline(room))).toEqual(inRoom)
    expect(
      bodies((await bob.syncRoom(room, { filter: { room: { timeline: { limit: 50 } } } }))!.timeline.events),
    ).toEqual(inRoom)
    // and after
    await bob.leave(room)
    sent['left'] = (await alice.send(room, 'left')).event_id
    expect(await readable(bob, room, sent)).toEqual(expected)
    expect(bodies(await alice.timeline(room))).toEqual(['outside', 'invited', 'joined', 'left'])
  })

  test('a change holds for what comes after it', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'public_chat', historyVisibility: 'joined' })
    await alice.send(room, 'closed')
    await alice.setState(room, 'm.room.history_visibility', { history_visibility: 'shared' })
    await alice.send(room, 'open')
    await bob.join(room)
    await alice.setState(room, 'm.room.history_visibility', { history_visibility: 'joined' })
    await alice.send(room, 'seen')
    expect(bodies(await bob.timeline(room))).toEqual(['open', 'seen'])
  })

  test('a new member of a closed history sees their own join, and what follows', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'public_chat', historyVisibility: 'joined' })
    await alice.send(room, 'before')
    await bob.join(room)
    await alice.send(room, 'after')
    // the events before history was closed are everybody's: they made the room
    const own = (await bob.timeline(room)).slice(-2)
    expect(own[0]).toMatchObject({ type: 'm.room.member', state_key: bob.userId })
    expect(bodies(own)).toEqual(['after'])
    const section = await bob.syncRoom(room, { filter: { room: { timeline: { limit: 1 } } } })
    const older = await bob.messages(room, { from: section!.timeline.prev_batch, limit: 100 })
    expect(bodies(older.chunk)).toEqual([])
  })

  test('who left reads what they could read then, and not what came later', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    await alice.send(room, 'before')
    await bob.leave(room)
    await alice.send(room, 'after')
    expect(bodies((await bob.messages(room)).chunk)).toEqual(['before'])
    expect(bodies(await bob.timeline(room))).toEqual(['before'])
  })

  test('outsiders read nothing of a room unless it is world-readable', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'public_chat' })
    const { event_id: eventId } = await alice.send(room, 'hello')
    await refused(bob.messages(room), 'M_FORBIDDEN', 403)
    await refused(bob.event(room, eventId), 'M_NOT_FOUND', 404)
    await refused(bob.get(path`/rooms/${room}/context/${eventId}`), 'M_FORBIDDEN', 403)
    const open = await alice.createRoom({ historyVisibility: 'world_readable' })
    await alice.send(open, 'to everybody')
    expect(bodies((await bob.messages(open)).chunk)).toEqual(['to everybody'])
  })
})
