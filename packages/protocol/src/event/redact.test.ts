import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyPdu } from '../../test/arbitrary-events.ts'
import { ALL_VERSIONS, alice, bob, isSince, roomVersion, TestRoom } from '../../test/room-builder.ts'
import type { JsonObject } from '../json/json-value.ts'
import { redact } from './redact.ts'
import { eventIdOf } from './reference-hash.ts'

/** Levels that every room version keeps. */
const LEVELS = {
  ban: 1,
  events: { 'm.x': 8 },
  events_default: 2,
  kick: 4,
  redact: 5,
  state_default: 6,
  users: { [bob]: 9 },
  users_default: 7,
}

describe.each(ALL_VERSIONS)('version %s', (versionId) => {
  const version = roomVersion(versionId)

  test('keeps the named top-level fields and no other', () => {
    // given an event with everything on it
    const room = TestRoom.public(version)
    const fields = {
      event_id: '$x:a.example',
      origin: 'a.example',
      membership: 'join',
      prev_state: [],
      redacts: '$y',
      unsigned: { age: 1 },
    }
    const { origin, membership, prev_state } = fields
    const keptUpTo10 = isSince(versionId, 11) ? {} : { origin, membership, prev_state }
    const { pdu } = room.build({ type: 'm.room.topic', sender: alice, stateKey: '', content: { topic: 'x' }, fields })
    // when
    const redacted = redact(pdu, version)
    // then
    expect(redacted).toEqual({
      ...keptUpTo10,
      event_id: '$x:a.example',
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

  test.each<[string, JsonObject, [firstVersion: number, kept: JsonObject][]]>([
    ['m.room.message', { body: 'x', redacts: '$y', membership: 'join', aliases: [] }, [[1, {}]]],
    [
      'm.room.member',
      {
        membership: 'join',
        join_authorised_via_users_server: bob,
        displayname: 'x',
        third_party_invite: { display_name: 'x', signed: { token: 'x', more: [1] } },
      },
      [
        [1, { membership: 'join' }],
        [9, { membership: 'join', join_authorised_via_users_server: bob }],
        [
          11,
          {
            membership: 'join',
            join_authorised_via_users_server: bob,
            third_party_invite: { signed: { token: 'x', more: [1] } },
          },
        ],
      ],
    ],
    [
      'm.room.member',
      { membership: 'invite', third_party_invite: { x: 1 } },
      [
        [1, { membership: 'invite' }],
        [11, { membership: 'invite', third_party_invite: {} }],
      ],
    ],
    ['m.room.member', { membership: 'invite', third_party_invite: 'x' }, [[1, { membership: 'invite' }]]],
    [
      'm.room.create',
      { creator: alice, room_version: '12', 'org.example': { x: [1] } },
      [
        [1, { creator: alice }],
        [11, { creator: alice, room_version: '12', 'org.example': { x: [1] } }],
      ],
    ],
    [
      'm.room.join_rules',
      { join_rule: 'restricted', allow: [1], x: 1 },
      [
        [1, { join_rule: 'restricted' }],
        [8, { join_rule: 'restricted', allow: [1] }],
      ],
    ],
    [
      'm.room.power_levels',
      { ...LEVELS, invite: 3, notifications: {}, x: 1 },
      [
        [1, LEVELS],
        [11, { ...LEVELS, invite: 3 }],
      ],
    ],
    ['m.room.history_visibility', { history_visibility: 'shared', x: 1 }, [[1, { history_visibility: 'shared' }]]],
    [
      'm.room.redaction',
      { redacts: '$y', reason: 'x' },
      [
        [1, {}],
        [11, { redacts: '$y' }],
      ],
    ],
    [
      'm.room.aliases',
      { aliases: ['#x:a.example'], x: 1 },
      [
        [1, { aliases: ['#x:a.example'] }],
        [6, {}],
      ],
    ],
    ['m.room.third_party_invite', { public_key: 'x' }, [[1, {}]]],
    ['m.room.topic', { topic: 'x' }, [[1, {}]]],
  ])('%s %j', (type, content, keptSince) => {
    const { pdu } = TestRoom.public(version).build({ type, sender: alice, stateKey: '', content })
    const [, kept] = keptSince.findLast(([first]) => isSince(versionId, first))!
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
