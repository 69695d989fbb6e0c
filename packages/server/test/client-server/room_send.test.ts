import { describe, expect, test } from 'vitest'
import { bodies, path, refused, testServer, text } from '../harness/index.ts'

describe('sendMessage', () => {
  test('a repeated transaction ID answers with the first event', async () => {
    // given a room alice may speak in
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom({ roomVersion: '12' })
    // when she sends the same transaction twice
    const first = await alice.send(room, text('hello'), { txnId: 't1' })
    const second = await alice.send(room, text('hello'), { txnId: 't1' })
    // then both answers name the one event the room received
    expect(second).toEqual(first)
    expect(await alice.timeline(room, { type: 'm.room.message' })).toEqual([expect.objectContaining(first)])
  })

  test('a transaction ID repeated at the same moment makes one event', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    const answers = await Promise.all(Array.from({ length: 20 }, () => alice.send(room, 'once', { txnId: 'same' })))
    expect(new Set(answers.map(({ event_id }) => event_id)).size).toBe(1)
    expect(bodies(await alice.timeline(room))).toEqual(['once'])
  })

  test('a transaction ID is good once per device, room and type', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const [here, there] = [await alice.createRoom(), await alice.createRoom()]
    const phone = await alice.onAnotherDevice()
    const ids = [
      await alice.send(here, 'x', { txnId: 't' }),
      await alice.send(there, 'x', { txnId: 't' }),
      await alice.send(here, 'x', { txnId: 't', type: 'org.example.other' }),
      await phone.send(here, 'x', { txnId: 't' }),
    ].map(({ event_id }) => event_id)
    expect(new Set(ids).size).toBe(4)
  })

  test('a transaction ID is remembered across a restart', async () => {
    const first = await testServer({ users: ['alice'] })
    const room = await first.alice.createRoom()
    const sent = await first.alice.send(room, 'once', { txnId: 't' })
    await first.stop()
    const second = await testServer({ folder: first.folder })
    const alice = first.alice.through(second.transport)
    expect(await alice.send(room, 'once', { txnId: 't' })).toEqual(sent)
    expect(bodies(await alice.timeline(room))).toEqual(['once'])
  })

  test('the sender’s device sees its transaction ID in unsigned, nobody else does', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const tablet = await alice.onAnotherDevice()
    const { event_id: eventId } = await alice.send(room, 'hello', { txnId: 'mine' })
    expect((await alice.event(room, eventId)).unsigned).toMatchObject({ transaction_id: 'mine' })
    expect((await tablet.event(room, eventId)).unsigned ?? {}).not.toHaveProperty('transaction_id')
    expect((await bob.event(room, eventId)).unsigned ?? {}).not.toHaveProperty('transaction_id')
  })

  test('unsigned has the age', async () => {
    const { alice, clock } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    const { event_id: eventId } = await alice.send(room, 'hello')
    await clock.advance(5_000)
    expect((await alice.event(room, eventId)).unsigned).toMatchObject({ age: 5_000 })
  })

  test('many at once keep one order, which everybody sees', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    await Promise.all(Array.from({ length: 60 }, (_, n) => (n % 2 === 0 ? alice : bob).send(room, `m${n}`)))
    const mine = await alice.timeline(room)
    expect(new Set(bodies(mine)).size).toBe(60)
    expect((await bob.timeline(room)).map((event) => event.event_id)).toEqual(mine.map((event) => event.event_id))
  })

  test('one must be in the room, and have the power', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({
      preset: 'public_chat',
      more: { power_level_content_override: { events_default: 50 } },
    })
    await refused(bob.send(room, 'outside'), 'M_FORBIDDEN', 403)
    await bob.join(room)
    await refused(bob.send(room, 'powerless'), 'M_FORBIDDEN', 403)
    await refused(bob.send('!none:example.org', 'nowhere'), 'M_FORBIDDEN', 403)
    expect(bodies(await alice.timeline(room))).toEqual([])
  })

  test('an event too large, or with numbers that canonical JSON has not, is refused', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    await refused(alice.send(room, 'x'.repeat(65_536)), 'M_TOO_LARGE', 413)
    await refused(alice.send(room, { ...text('x'), fraction: 1.5 }), 'M_BAD_JSON', 400)
    await refused(alice.send(room, { ...text('x'), huge: 2 ** 60 }), 'M_BAD_JSON', 400)
    await refused(alice.put(path`/rooms/${room}/send/${'t'.repeat(256)}/${'1'}`, {}), 'M_TOO_LARGE', 413)
  })

  test('a refused transaction ID may be used again', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom({ preset: 'public_chat' })
    await refused(bob.send(room, 'early', { txnId: 't' }), 'M_FORBIDDEN')
    await bob.join(room)
    await bob.send(room, 'now', { txnId: 't' })
    expect(bodies(await bob.timeline(room))).toEqual(['now'])
  })

  test('whoever has no token, or a wrong one, sends nothing', async () => {
    const { alice, anybody } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    await refused(anybody.put(path`/rooms/${room}/send/m.room.message/1`, text('x')), 'M_MISSING_TOKEN', 401)
  })
})
