import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyPdu, strictObject } from '../../test/arbitrary-events.ts'
import eventHashes from '../../test/vectors/event-hashes.json' with { type: 'json' }
import { ALL_VERSIONS, alice, isSince, roomVersion, TEST_KEY, TestRoom } from '../../test/room-builder.ts'
import { parseServerName, serverNameOf } from '../identifiers.ts'
import { encodeBase64 } from '../base64.ts'
import { CanonicalJsonError } from '../json/canonical-json.ts'
import { JsonNumber } from '../json/json-value.ts'
import { parseJsonText } from '../json/parse-json.ts'
import { stringifyJson } from '../json/stringify-json.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { parseSigningKeyFile, SigningKey } from '../signing/signing-key.ts'
import { contentHash, contentHashMatches } from './content-hash.ts'
import { parsePdu, parsePduDraft } from './event-format.ts'
import type { Pdu, PduDraft } from './pdu.ts'
import { redact } from './redact.ts'
import { eventIdOf, referenceHash, roomIdOfCreate, roomIdOfEvent } from './reference-hash.ts'
import { addEventSignature, hashAndSignEvent, signEvent, verifyEventSignature } from './sign-event.ts'

const V11 = roomVersion('11')
const V12 = roomVersion('12')

describe('the specification’s vectors', () => {
  // The second lacks fields that events must have.
  const domain = parseServerName('domain')
  const [key] = parseSigningKeyFile('ed25519 1 YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1\n')
  const sign = (event: object, version: RoomVersion) => hashAndSignEvent(event as PduDraft, domain, key, version)

  // An event without an ID, under the redaction rules that make its signature.
  test('a minimal event', () => {
    const event = {
      room_id: '!x:domain',
      sender: '@a:domain',
      origin: 'domain',
      origin_server_ts: 1000000,
      signatures: {},
      hashes: {},
      type: 'X',
      content: {},
      prev_events: [],
      auth_events: [],
      depth: 3,
      unsigned: { age_ts: 1000000 },
    }
    expect(sign(event, roomVersion('3'))).toEqual({
      ...event,
      hashes: { sha256: '5jM4wQpv6lnBo7CLIghJuHdW+s2CMBJPUOGOC89ncos' },
      signatures: {
        domain: {
          'ed25519:1': 'KxwGjPSDEtvnFgU00fwFz+l6d2pJM6XBIaMEn81SXPTRl16AqLAYqfIReFGZlHi5KLjAWbOoMszkwsQma+lYAg',
        },
      },
    })
  })

  test('an event with content that redaction removes', () => {
    const event = {
      content: { body: 'Here is the message content' },
      event_id: '$0:domain',
      origin: 'domain',
      origin_server_ts: 1000000,
      type: 'm.room.message',
      room_id: '!r:domain',
      sender: '@u:domain',
      signatures: {},
      unsigned: { age_ts: 1000000 },
    }
    expect(sign(event, roomVersion('1'))).toEqual({
      ...event,
      hashes: { sha256: 'onLKD1bGljeBWQhWZ1kaP9SorVmRQNdN5aM2JYU2n/g' },
      signatures: {
        domain: {
          'ed25519:1': 'Wm+VzmOUOz08Ds+0NTWb1d4CZrVsJSikkeRxh6aCcUwu6pNC78FunoD7KNWzqFn241eYHYMGCA5McEiVPdhzBA',
        },
      },
    })
  })
})

describe('vectors made with an independent implementation (Python’s json and hashlib)', () => {
  const create = {
    type: 'm.room.create',
    sender: alice,
    state_key: '',
    content: {
      room_version: '12',
      additional_creators: ['@carol:c.example'],
      'm.federate': true,
      'org.example.note': 'é😀\u2028"\\\n',
    },
    prev_events: [],
    auth_events: [],
    depth: 1,
    origin_server_ts: 1_700_000_000_000,
  } satisfies PduDraft
  const createHash = 'nB-Ie_xHHfQ49YMhCttvemltaiNEZlLfeBWi_VvtfLU'
  const common = { room_id: `!${createHash}`, sender: alice, prev_events: [`$${createHash}`], auth_events: [] }

  test.each<[string, object, string, string]>([
    ['a create event', create, 'qWLWl8LgZSei6o+UrkBOgU+ZwP5taZHY90k4tKVpz/U', createHash],
    [
      'an invite by a third party',
      {
        ...common,
        type: 'm.room.member',
        state_key: '@dave:d.example',
        content: {
          membership: 'invite',
          displayname: 'Dave',
          third_party_invite: {
            display_name: 'd...',
            signed: { mxid: '@dave:d.example', token: 't', signatures: {} },
          },
        },
        depth: 2,
        origin_server_ts: 1_700_000_000_001,
        origin: 'a.example',
        unsigned: { age: 5 },
      },
      'ZPt18Hf5KN3WWwbHmxcKitxtWoJ5jX3baiHkmi2B2Ac',
      'djaiZX0j2_LdSHYwebMcdXJBKICvB6P36JDIFIORFa4',
    ],
    [
      'a message with extreme numbers and keys that sort by code point, not by UTF-16 unit',
      {
        ...common,
        type: 'm.room.message',
        content: {
          msgtype: 'm.text',
          body: 'héllo 😀',
          max: Number.MAX_SAFE_INTEGER,
          min: Number.MIN_SAFE_INTEGER,
          '～': 1,
          '😀': 2,
        },
        depth: Number.MAX_SAFE_INTEGER,
        origin_server_ts: 0,
      },
      'NpuWw/ulIL8jq37ebiv8GCP/rxhUOUyJdI14xnaEpJ8',
      'EnseZgwB6Bfg2v8WZWAr_1rU7yNrkQkpbAg_lCqAzNw',
    ],
  ])('%s', (_, draft, sha256, eventHash) => {
    const event = signEvent(draft as PduDraft, serverNameOf(alice), TEST_KEY, V12)
    expect(event.pdu.hashes).toEqual({ sha256 })
    expect(event.eventId).toBe(`$${eventHash}`)
    expect(event.roomId).toBe(`!${createHash}`)
  })
})

describe('vectors made with an independent implementation, by room version', () => {
  test.each(eventHashes.cases)(
    '$version: $name',
    ({ version: id, json, contentHash: sha256, referenceHash: hash, signature }) => {
      const version = roomVersion(id)
      const draft = parsePduDraft(parseJsonText(json), version)
      expect(contentHash(draft, version)).toBe(sha256)
      const { pdu, eventId } = signEvent(draft, serverNameOf(alice), TEST_KEY, version)
      expect(encodeBase64(referenceHash(pdu, version))).toBe(hash)
      expect(pdu.signatures['a.example']).toEqual({ [TEST_KEY.keyId]: signature })
      expect(eventId).toBe(isSince(id, 4) ? `$${toUrlSafe(hash)}` : isSince(id, 3) ? `$${hash}` : '$e1:a.example')
      // and it holds for whoever receives the event as text
      const received = parsePdu(parseJsonText(stringifyJson(pdu)), version)
      expect(contentHashMatches(received, version)).toBe(true)
      expect(verifyEventSignature(received, serverNameOf(alice), TEST_KEY, version)).toBe(true)
    },
  )

  function toUrlSafe(base64: string): string {
    return base64.replaceAll('+', '-').replaceAll('/', '_')
  }
})

describe.each(ALL_VERSIONS)('version %s', (versionId) => {
  const version = roomVersion(versionId)

  test('a signature holds for the event and for its redacted form, and for nothing else', () => {
    fc.assert(
      fc.property(anyPdu(versionId), (drawn) => {
        const server = serverNameOf(alice)
        const { pdu, eventId } = signEvent(drawn, server, TEST_KEY, version)
        expect(eventIdOf(pdu, version)).toBe(eventId)
        expect(contentHashMatches(pdu, version)).toBe(true)
        expect(verifyEventSignature(pdu, server, TEST_KEY, version)).toBe(true)
        expect(verifyEventSignature(redact(pdu, version), server, TEST_KEY, version)).toBe(true)
        expect(verifyEventSignature({ ...pdu, depth: 999 }, server, TEST_KEY, version)).toBe(false)
        expect(verifyEventSignature(pdu, parseServerName('b.example'), TEST_KEY, version)).toBe(false)
      }),
      { numRuns: 40 },
    )
  })

  test('the content hash does not depend on signatures, hashes and unsigned', () => {
    fc.assert(
      fc.property(anyPdu(versionId), strictObject, (pdu, other) => {
        const hash = contentHash(pdu, version)
        expect(contentHash({ ...pdu, unsigned: other, signatures: other, hashes: other }, version)).toBe(hash)
        const { unsigned, signatures, hashes, ...rest } = pdu
        expect(contentHash(rest, version)).toBe(hash)
        expect(contentHash({ ...rest, depth: 999 }, version)).not.toBe(hash)
      }),
    )
  })

  test('the content hash is compared by its bytes, whatever their spelling', () => {
    const { pdu } = TestRoom.public(version).build({ type: 'm.x', sender: alice })
    const { sha256 } = pdu.hashes
    const spelt = (text: string) => contentHashMatches({ ...pdu, hashes: { sha256: text } }, version)
    expect(spelt(`${sha256}=`)).toBe(true)
    expect(spelt(sha256.replaceAll('+', '-').replaceAll('/', '_'))).toBe(true)
    expect(spelt(sha256.slice(1))).toBe(false)
  })

  test('the event ID does not depend on signatures and unsigned', () => {
    fc.assert(
      fc.property(anyPdu(versionId), strictObject, (pdu, unsigned) => {
        expect(eventIdOf({ ...pdu, unsigned, signatures: {} }, version)).toBe(eventIdOf(pdu, version))
      }),
    )
  })

  if (isSince(versionId, 6))
    test('a draft with a fraction cannot be signed', () => {
      const draft = TestRoom.public(version).build({ type: 'm.x', sender: alice }).pdu
      const content = { half: new JsonNumber('0.5') }
      expect(() => signEvent({ ...draft, content }, serverNameOf(alice), TEST_KEY, version)).toThrow(CanonicalJsonError)
    })

  if (!isSince(versionId, 6))
    test('numbers are hashed and signed as they are spelt', () => {
      const draft = TestRoom.public(version).build({ type: 'm.room.power_levels', sender: alice, stateKey: '' }).pdu
      const sign = (literal: string) =>
        signEvent({ ...draft, content: { ban: new JsonNumber(literal) } }, serverNameOf(alice), TEST_KEY, version).pdu
      const pdu = sign('1.0')
      expect(verifyEventSignature(pdu, serverNameOf(alice), TEST_KEY, version)).toBe(true)
      expect(contentHashMatches(pdu, version)).toBe(true)
      expect(referenceHash(sign('1.00'), version)).not.toEqual(referenceHash(pdu, version))
      const respelt = { ...pdu, content: { ban: new JsonNumber('1.00') } }
      expect(verifyEventSignature(respelt, serverNameOf(alice), TEST_KEY, version)).toBe(false)
      expect(contentHashMatches(respelt, version)).toBe(false)
    })

  test('a second server’s signature joins the first', () => {
    const { pdu } = TestRoom.public(version).build({ type: 'm.x', sender: alice })
    const otherKey = new SigningKey('other', new Uint8Array(32).fill(9))
    const other = parseServerName('b.example')
    const both = addEventSignature(pdu, other, otherKey, version)
    expect(verifyEventSignature(both, other, otherKey, version)).toBe(true)
    expect(verifyEventSignature(both, serverNameOf(alice), TEST_KEY, version)).toBe(true)
    expect(pdu.signatures).not.toHaveProperty('b.example')
  })
})

describe('IDs', () => {
  test('version 12: a room’s ID is its create event’s, with another sigil', () => {
    const room = TestRoom.public(V12)
    const create = room.events[0]!
    expect(room.roomId).toBe(`!${create.eventId.slice(1)}`)
    expect(roomIdOfCreate(create.pdu, V12)).toBe(room.roomId)
    expect(create.pdu).not.toHaveProperty('room_id')
  })

  test('version 11: a create event names its room', () => {
    const create = TestRoom.public(V11).events[0]!
    expect(roomIdOfCreate(create.pdu, V11)).toBe(create.pdu.room_id)
    const { room_id: roomId, ...without } = create.pdu
    expect(() => roomIdOfCreate(without as typeof create.pdu, V11)).toThrow('The create event has no room_id')
  })

  test('an event that is no create event must name its room', () => {
    const { pdu } = TestRoom.public(V12).build({ type: 'm.x', sender: alice })
    const { room_id: roomId, ...without } = pdu
    expect(roomIdOfEvent(pdu, V12)).toBe(roomId)
    expect(() => roomIdOfEvent(without as typeof pdu, V12)).toThrow('The event has no room_id')
  })

  test.each(ALL_VERSIONS)('version %s decides how an event ID is spelt', (id) => {
    const version = roomVersion(id)
    const { pdu } = TestRoom.public(version).build({ type: 'm.x', sender: alice })
    const hash = Buffer.from(referenceHash(pdu, version))
    const expected = isSince(id, 4) ? hash.toString('base64url') : hash.toString('base64').slice(0, 43)
    expect(eventIdOf(pdu, version)).toBe(isSince(id, 3) ? `$${expected}` : pdu.event_id)
  })

  test.each(['1', '2'])('version %s: the ID of an event must be assigned', (id) => {
    const { event_id: _, ...pdu } = TestRoom.public(V11).build({ type: 'm.x', sender: alice }).pdu
    expect(() => eventIdOf(pdu as Pdu, roomVersion(id))).toThrow('The event has no event_id')
  })
})
