import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyPdu } from '../../test/arbitrary-events.ts'
import { alice, bob, roomVersion, TestRoom } from '../../test/room-builder.ts'
import type { JsonObject } from '../json/json-value.ts'
import { redact } from './redact.ts'
import { eventIdOf } from './reference-hash.ts'

describe.each(['11', '12'])('version %s', (versionId) => {
  const version = roomVersion(versionId)

  test('keeps the named top-level fields and no other', () => {
    // given an event with everything on it
    const room = TestRoom.public(version)
    const fields = {
      event_id: '$x',
      origin: 'a.example',
      membership: 'join',
      prev_state: [],
      redacts: '$y',
      unsigned: { age: 1 },
    }
    const { pdu } = room.build({ type: 'm.room.topic', sender: alice, stateKey: '', content: { topic: 'x' }, fields })
    // when
    const redacted = redact(pdu, version)
    // then
    expect(redacted).toEqual({
      event_id: '$x',
      type: pdu.type,
      room_id: pdu.room_id,
      sender: pdu.sender,
      state_key: pdu.state_key,
      content: {},
      hashes: pdu.hashes,
      signatures: pdu.signatures,
      depth: pdu.depth,
      prev_events: pdu.prev_events,
      auth_events: pdu.auth_events,
      origin_server_ts: pdu.origin_server_ts,
    })
  })

  test.each<[string, JsonObject, JsonObject]>([
    ['m.room.message', { body: 'x', redacts: '$y', membership: 'join' }, {}],
    [
      'm.room.member',
      {
        membership: 'join',
        join_authorised_via_users_server: bob,
        displayname: 'x',
        third_party_invite: { display_name: 'x', signed: { token: 'x', more: [1] } },
      },
      {
        membership: 'join',
        join_authorised_via_users_server: bob,
        third_party_invite: { signed: { token: 'x', more: [1] } },
      },
    ],
    [
      'm.room.member',
      { membership: 'invite', third_party_invite: { x: 1 } },
      { membership: 'invite', third_party_invite: {} },
    ],
    ['m.room.member', { membership: 'invite', third_party_invite: 'x' }, { membership: 'invite' }],
    [
      'm.room.create',
      { room_version: '12', 'org.example': { x: [1] } },
      { room_version: '12', 'org.example': { x: [1] } },
    ],
    ['m.room.join_rules', { join_rule: 'restricted', allow: [1], x: 1 }, { join_rule: 'restricted', allow: [1] }],
    [
      'm.room.power_levels',
      {
        ban: 1,
        events: {},
        events_default: 2,
        invite: 3,
        kick: 4,
        redact: 5,
        state_default: 6,
        users: {},
        users_default: 7,
        notifications: {},
        x: 1,
      },
      {
        ban: 1,
        events: {},
        events_default: 2,
        invite: 3,
        kick: 4,
        redact: 5,
        state_default: 6,
        users: {},
        users_default: 7,
      },
    ],
    ['m.room.history_visibility', { history_visibility: 'shared', x: 1 }, { history_visibility: 'shared' }],
    ['m.room.redaction', { redacts: '$y', reason: 'x' }, { redacts: '$y' }],
    ['m.room.aliases', { aliases: ['#x:a.example'] }, {}],
  ])('%s %j', (type, content, kept) => {
    const { pdu } = TestRoom.public(version).build({ type, sender: alice, stateKey: '', content })
    expect(redact(pdu, version).content).toEqual(kept)
  })

  test('is idempotent, keeps the event’s ID and leaves the event alone', () => {
    fc.assert(
      fc.property(anyPdu(versionId), (pdu) => {
        const before = structuredClone(pdu)
        const once = redact(pdu, version)
        expect(redact(once, version)).toEqual(once)
        expect(eventIdOf(once, version)).toBe(eventIdOf(pdu, version))
        expect(pdu).toEqual(before)
      }),
    )
  })
})
