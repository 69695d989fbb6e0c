import { describe, expect, test } from 'vitest'
import { path, refused, testServer } from '../harness/index.ts'

describe('redactEvent', () => {
  test.each(['11', '12'])('version %s: content is gone everywhere, the redaction is told', async (roomVersion) => {
    // given a message that bob has seen
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob], { roomVersion })
    const { event_id: eventId } = await alice.send(room, 'oops')
    await bob.event(room, eventId)
    const since = await bob.now()
    // when alice takes it back
    const redaction = await alice.redact(room, eventId, { reason: 'typo', txnId: 'r1' })
    expect(await alice.redact(room, eventId, { reason: 'typo', txnId: 'r1' })).toBe(redaction)
    // then nothing of it is left but that it was
    const redacted = {
      event_id: eventId,
      content: {},
      unsigned: { redacted_because: { event_id: redaction, content: { redacts: eventId, reason: 'typo' } } },
    }
    expect(await bob.event(room, eventId)).toMatchObject(redacted)
    expect((await bob.event(room, eventId)).content).toEqual({})
    const inTimeline = (await bob.timeline(room)).find((event) => event.event_id === eventId)
    expect(inTimeline).toMatchObject(redacted)
    const news = await bob.syncRoom(room, { since })
    expect(news?.timeline.events).toMatchObject([{ event_id: redaction, type: 'm.room.redaction', redacts: eventId }])
    const initial = await bob.syncRoom(room)
    expect(initial?.timeline.events.find((event) => event.event_id === eventId)?.content).toEqual({})
  })

  test('redacted state keeps its place, not its content', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const eventId = await alice.setState(room, 'm.room.topic', { topic: 'rude' })
    await bob.state(room, 'm.room.topic')
    await alice.redact(room, eventId)
    expect(await bob.state(room, 'm.room.topic')).toEqual({})
  })

  test('redacting by sendMessage is the same', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    const { event_id: eventId } = await alice.send(room, 'oops')
    await alice.send(room, { redacts: eventId }, { type: 'm.room.redaction' })
    expect((await alice.event(room, eventId)).content).toEqual({})
  })

  test('one’s own, or with power; only what is there', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const { event_id: hers } = await alice.send(room, 'hers')
    const { event_id: his } = await bob.send(room, 'his')
    await refused(bob.redact(room, hers), 'M_FORBIDDEN', 403)
    expect((await bob.event(room, hers)).content).toMatchObject({ body: 'hers' })
    await bob.redact(room, his)
    const { event_id: another } = await bob.send(room, 'another')
    await alice.redact(room, another)
    await refused(alice.redact(room, `$${'n'.repeat(43)}`), 'M_NOT_FOUND', 404)
    await refused(alice.put(path`/rooms/${room}/redact/${'none'}/1`), 'M_INVALID_PARAM', 400)
  })

  test('a redaction holds across a restart', async () => {
    const first = await testServer({ users: ['alice'] })
    const room = await first.alice.createRoom()
    const { event_id: eventId } = await first.alice.send(room, 'secret')
    await first.alice.redact(room, eventId)
    await first.stop()
    const second = await testServer({ folder: first.folder })
    expect((await first.alice.through(second.transport).event(room, eventId)).content).toEqual({})
  })
})
