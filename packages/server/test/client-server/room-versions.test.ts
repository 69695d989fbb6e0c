import {
  contentHashMatches,
  decodeBase64,
  encodeBase64,
  eventIdOf,
  isJsonObject,
  type JsonValue,
  type Pdu,
  parseServerName,
  parsePdu,
  prevEventIds,
  ROOM_VERSIONS,
  type RoomVersion,
  redactedEventId,
  referenceHash,
  verifyEventSignature,
} from '@magik/protocol'
import { describe, expect, test } from 'vitest'
import { path, refused, SERVER_NAME, testServer, type User } from '../harness/index.ts'

/** Every event of a room that the newest page of a first sync holds, as servers exchange it. */
async function pdusOf(user: User, room: string, version: RoomVersion): Promise<Pdu[]> {
  const filter = { event_format: 'federation', room: { timeline: { limit: 100 } } }
  const section = await user.syncRoom(room, { filter })
  const events = section?.timeline.events as unknown as JsonValue[]
  return events.map((event) => {
    if (!isJsonObject(event)) throw new Error('an event is no object')
    const { unsigned: _, ...pdu } = event
    return parsePdu(pdu, version)
  })
}

test('getCapabilities: every room version is stable', async () => {
  const { alice } = await testServer({ users: ['alice'] })
  const { capabilities } = await alice.get<{ capabilities: Record<string, unknown> }>('/capabilities')
  const versions = Array.from({ length: 12 }, (_, index) => [String(index + 1), 'stable'])
  expect(capabilities['m.room_versions']).toEqual({ default: '12', available: Object.fromEntries(versions) })
})

describe.each([...ROOM_VERSIONS])('room version %s', (roomVersion, version) => {
  const isSince = (first: number) => Number(roomVersion) >= first

  test('a room is created, joined, spoken in and ruled', async () => {
    // given
    const { alice, bob, carol } = await testServer({ users: ['alice', 'bob', 'carol'] })
    const room = await alice.createRoom({ roomVersion, preset: 'public_chat', name: 'Kitchen', invite: [carol] })
    await bob.join(room)
    // then it is of its version
    expect(room.endsWith(`:${SERVER_NAME}`)).toBe(!isSince(12))
    const create = await alice.state(room, 'm.room.create')
    expect(create).toEqual({ room_version: roomVersion, ...(!isSince(11) && { creator: alice.userId }) })
    expect(await bob.joinedMembers(room)).toEqual([alice.userId, bob.userId])
    // and its events are found by their IDs, however those are spelt
    const { event_id: hello } = await bob.send(room, 'hello')
    expect(hello).toMatch(isSince(4) ? /^\$[\w-]{43}$/ : isSince(3) ? /^\$[\w+/]{43}$/ : /^\$[\w-]+:example\.org$/)
    expect(await alice.event(room, hello)).toMatchObject({ event_id: hello, content: { body: 'hello' } })
    // and power is what its power levels say
    await refused(bob.setState(room, 'm.room.name', { name: 'Cellar' }), 'M_FORBIDDEN', 403)
    const levels = await alice.state(room, 'm.room.power_levels')
    const users = { ...(levels['users'] as object), [bob.userId]: 50 }
    await alice.setState(room, 'm.room.power_levels', { ...levels, users })
    await bob.setState(room, 'm.room.name', { name: 'Cellar' })
    expect(await alice.state(room, 'm.room.name')).toEqual({ name: 'Cellar' })
    await refused(bob.kick(room, alice), 'M_FORBIDDEN', 403)
    await carol.join(room)
    await bob.kick(room, carol)
    expect(await alice.joinedMembers(room)).toEqual([alice.userId, bob.userId])
    await bob.ban(room, carol)
    await refused(carol.join(room), 'M_FORBIDDEN', 403)
    await bob.leave(room)
    expect(await alice.joinedMembers(room)).toEqual([alice.userId])
  })

  test('redactions take effect for those who may redact', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob], { roomVersion })
    const { event_id: hers } = await alice.send(room, 'hers')
    const { event_id: his } = await bob.send(room, 'his')
    const topic = await alice.setState(room, 'm.room.topic', { topic: 'rude' })
    await refused(bob.redact(room, hers), 'M_FORBIDDEN', 403)
    // when
    const own = await bob.redact(room, his, { reason: 'typo' })
    await alice.redact(room, topic)
    // then the content is gone, and clients of any age read what the redaction is about
    expect((await alice.event(room, hers)).content).toMatchObject({ body: 'hers' })
    expect((await alice.event(room, his)).content).toEqual({})
    expect(await bob.state(room, 'm.room.topic')).toEqual({})
    expect(await alice.event(room, own)).toMatchObject({ redacts: his, content: { redacts: his, reason: 'typo' } })
    // and servers find it where the version has it
    const pdu = (await pdusOf(alice, room, version)).find((event) => redactedEventId(event, version) === his)
    expect(pdu?.redacts).toBe(isSince(11) ? undefined : his)
    expect(pdu?.content.redacts).toBe(isSince(11) ? his : undefined)
  })

  test('what other servers would check of its events holds', async () => {
    // given a room with a message, a redacted message and what createRoom makes
    const { alice, bob, anybody } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob], { roomVersion, topic: 'é😀' })
    const { event_id: secret } = await bob.send(room, 'secret')
    await bob.redact(room, secret)
    await alice.send(room, { msgtype: 'm.text', body: 'x', 'org.example.ratio': isSince(6) ? 1 : 0.5 })
    const keys = await anybody.get<{ verify_keys: Record<string, { key: string }> }>('/_matrix/key/v2/server')
    const [[keyId, { key }]] = Object.entries(keys.verify_keys) as [[string, { key: string }]]
    // when
    const pdus = await pdusOf(alice, room, version)
    // then
    expect(pdus.length).toBeGreaterThan(8)
    const byId = new Map(pdus.map((pdu) => [eventIdOf(pdu, version), pdu]))
    let previous: string[] = []
    for (const [eventId, pdu] of byId) {
      expect(contentHashMatches(pdu, version)).toBe(eventId !== secret)
      const verifyKey = { keyId, publicKey: decodeBase64(key) }
      expect(verifyEventSignature(pdu, parseServerName(SERVER_NAME), verifyKey, version)).toBe(true)
      expect(prevEventIds(pdu)).toEqual(previous)
      expect(pdu.auth_events.length > 0).toBe(pdu.type !== 'm.room.create' && eventId !== secondOf(byId, version))
      for (const reference of [...pdu.prev_events, ...pdu.auth_events]) {
        expect(typeof reference === 'string').toBe(isSince(3))
        if (typeof reference === 'string') continue
        const [id, { sha256 }] = reference
        expect([id, sha256]).toEqual([id, encodeBase64(referenceHash(byId.get(id)!, version))])
      }
      previous = [eventId]
    }
  })

  test('a membership that another server would have to sign is not sent from here', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const roomVouchedBy = (userId: string) => {
      const content = { membership: 'join', join_authorised_via_users_server: userId }
      const initial_state = [{ type: 'm.room.member', state_key: alice.userId, content }]
      return alice.createRoom({ roomVersion, more: { initial_state } })
    }
    await roomVouchedBy(alice.userId)
    if (isSince(8)) await refused(roomVouchedBy('@bob:elsewhere.example'), 'M_INVALID_ROOM_STATE', 400)
    else await roomVouchedBy('@bob:elsewhere.example')
  })

  test('numbers are sent as every server hashes them', async () => {
    const { alice, transport } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom({ roomVersion })
    const { status, body } = await transport({
      method: 'PUT',
      url: `/_matrix/client/v3${path`/rooms/${room}/send/org.example.numbers/1`}`,
      headers: { authorization: `Bearer ${alice.accessToken}`, 'content-type': 'application/json' },
      body: '{"numbers":[1.50,1E3,-0,9007199254740993]}',
    })
    if (isSince(6)) {
      expect(status).toBe(400)
      expect(body).toContain('M_BAD_JSON')
      return
    }
    const { event_id: eventId } = JSON.parse(body)
    const answer = await transport({
      method: 'GET',
      url: `/_matrix/client/v3${path`/rooms/${room}/event/${eventId}`}`,
      headers: { authorization: `Bearer ${alice.accessToken}` },
    })
    expect(answer.body).toContain('"numbers":[1.5,1000.0,0,9007199254740993]')
  })

  test('power levels that are no integers are not sent from here', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom({ roomVersion })
    const levels = await alice.state(room, 'm.room.power_levels')
    for (const wrong of [{ ban: '50' }, { kick: 50.5 }, { events: { 'm.room.name': '50' } }]) {
      const sending = alice.setState(room, 'm.room.power_levels', { ...levels, ...wrong })
      await refused(sending, 'kick' in wrong && isSince(6) ? 'M_BAD_JSON' : 'M_FORBIDDEN')
    }
    const override = { power_level_content_override: { ban: '50' } }
    await refused(alice.createRoom({ roomVersion, more: override }), 'M_INVALID_ROOM_STATE', 400)
    expect(await alice.state(room, 'm.room.power_levels')).toEqual(levels)
  })
})

/** Where the create event is no auth event, the creator's join stands on nothing. */
function secondOf(events: ReadonlyMap<string, Pdu>, version: RoomVersion): string | undefined {
  return version.createEventIn === 'room-id' ? [...events.keys()][1] : undefined
}
