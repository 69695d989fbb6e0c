import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { anyPdu } from '../../test/arbitrary-events.ts'
import { ALL_VERSIONS, alice, carol, isSince, roomVersion, TEST_KEY, TestRoom } from '../../test/room-builder.ts'
import type { Pdu } from '../event/pdu.ts'
import { redact } from '../event/redact.ts'
import { addEventSignature, signEvent } from '../event/sign-event.ts'
import { type ServerName, serverNameOf } from '../identifiers.ts'
import { JsonNumber, type JsonValue } from '../json/json-value.ts'
import { parseJsonText } from '../json/parse-json.ts'
import { stringifyJson } from '../json/stringify-json.ts'
import { SigningKey } from '../signing/signing-key.ts'
import { checkContentHash } from './check-content-hash.ts'
import { checkReceivedPdu } from './check-received-pdu.ts'
import {
  checkSignatures,
  type FindVerifyKey,
  keyValidUntil,
  MAX_SIGNATURES_PER_SERVER,
  type ServerVerifyKey,
} from './check-signatures.ts'

const A = serverNameOf(alice)
const C = serverNameOf(carol)
const FOREVER = Number.MAX_SAFE_INTEGER
const OTHER_KEY = new SigningKey('other', new Uint8Array(32).fill(9))

function keyRing(...entries: [ServerName, SigningKey, validUntilTs?: number][]): FindVerifyKey {
  return (serverName, keyId) => {
    const entry = entries.find(([server, key]) => server === serverName && key.keyId === keyId)
    return entry && ({ keyId, publicKey: entry[1].publicKey, validUntilTs: entry[2] ?? FOREVER } as ServerVerifyKey)
  }
}

const KNOWN = keyRing([A, TEST_KEY])

describe.each(ALL_VERSIONS)('version %s', (versionId) => {
  const version = roomVersion(versionId)
  const { pdu, eventId, roomId } = TestRoom.public(version).build({
    type: 'm.room.message',
    sender: alice,
    content: { body: 'hello' },
  })
  const verdict = (event: Pdu, findKey: FindVerifyKey = KNOWN) => {
    const outcome = checkSignatures(event, version, findKey)
    return outcome.valid ? 'valid' : `${outcome.signer.role}: ${outcome.reason}`
  }
  const signedBy = (...keys: [ServerName, SigningKey][]) =>
    keys.reduce<Pdu>((event, [server, key]) => addEventSignature(event, server, key, version), {
      ...pdu,
      signatures: {},
    })

  describe('signatures', () => {
    test('hold for the event and its redacted form, not for another', () => {
      expect(verdict(pdu)).toBe('valid')
      expect(verdict(redact(pdu, version))).toBe('valid')
      expect(verdict({ ...pdu, content: {} })).toBe('valid')
      expect(verdict({ ...pdu, depth: 99 })).toBe('sender: wrong-signature')
    })

    test('must be there, by a key that is known', () => {
      expect(verdict({ ...pdu, signatures: {} })).toBe('sender: not-signed')
      expect(verdict({ ...pdu, signatures: { [A]: {} } })).toBe('sender: not-signed')
      expect(verdict({ ...pdu, signatures: { [C]: pdu.signatures[A]! } })).toBe('sender: not-signed')
      expect(verdict({ ...pdu, signatures: { [A]: { 'rsa:1': 'x' } } })).toBe('sender: not-signed')
      expect(verdict(pdu, keyRing([A, OTHER_KEY], [C, TEST_KEY]))).toBe('sender: no-valid-key')
      expect(verdict({ ...pdu, signatures: { [A]: { [TEST_KEY.keyId]: '!' } } })).toBe('sender: wrong-signature')
    })

    test('by unknown keys are skipped; by known ones all must hold', () => {
      const both = signedBy([A, TEST_KEY], [A, OTHER_KEY])
      const ring = keyRing([A, TEST_KEY], [A, OTHER_KEY])
      expect(verdict(both)).toBe('valid')
      expect(verdict(both, ring)).toBe('valid')
      const broken = { ...both, signatures: { [A]: { ...both.signatures[A], [OTHER_KEY.keyId]: 'AAAA' } } }
      expect(verdict(broken)).toBe('valid')
      expect(verdict(broken, ring)).toBe('sender: wrong-signature')
    })

    test('count while their key is valid, since version 5', () => {
      const expired = isSince(versionId, 5) ? 'sender: no-valid-key' : 'valid'
      expect(verdict(pdu, keyRing([A, TEST_KEY, pdu.origin_server_ts]))).toBe('valid')
      expect(verdict(pdu, keyRing([A, TEST_KEY, pdu.origin_server_ts - 1]))).toBe(expired)
      // An expired key beside a valid one does no harm.
      const both = signedBy([A, TEST_KEY], [A, OTHER_KEY])
      expect(verdict(both, keyRing([A, TEST_KEY], [A, OTHER_KEY, 0]))).toBe('valid')
    })

    test('are bounded in number', () => {
      const keys = Array.from({ length: MAX_SIGNATURES_PER_SERVER + 1 }, (_, i) => {
        return new SigningKey(String(i), new Uint8Array(32).fill(i + 20))
      })
      const ring = keyRing(...keys.map((key): [ServerName, SigningKey] => [A, key]))
      const signed = (some: SigningKey[]) => signedBy(...some.map((key): [ServerName, SigningKey] => [A, key]))
      expect(verdict(signed(keys.slice(1)), ring)).toBe('valid')
      expect(verdict(signed(keys), ring)).toBe('sender: too-many-signatures')
    })

    test('of the server that assigned the ID are asked for up to version 2', () => {
      const draft = { ...pdu, event_id: '$other:c.example' }
      const signed = signEvent(draft, A, TEST_KEY, version).pdu
      const ring = keyRing([A, TEST_KEY], [C, OTHER_KEY])
      expect(verdict(signed, ring)).toBe(isSince(versionId, 3) ? 'valid' : 'event-id: not-signed')
      expect(verdict(addEventSignature(signed, C, OTHER_KEY, version), ring)).toBe('valid')
    })

    test('of the server that vouches for a join are asked for since version 8', () => {
      const join = (authoriser: JsonValue) =>
        TestRoom.public(version).build({
          type: 'm.room.member',
          sender: alice,
          stateKey: alice,
          content: { membership: 'join', join_authorised_via_users_server: authoriser },
        }).pdu
      const ring = keyRing([A, TEST_KEY], [C, OTHER_KEY])
      const asked = isSince(versionId, 8)
      expect(verdict(join(carol), ring)).toBe(asked ? 'restricted-join: not-signed' : 'valid')
      expect(verdict(addEventSignature(join(carol), C, OTHER_KEY, version), ring)).toBe('valid')
      expect(verdict(join('nobody'), ring)).toBe(asked ? 'restricted-join: no-such-server' : 'valid')
    })
  })

  describe('checkContentHash', () => {
    test('hands on an event whose content is what was hashed', () => {
      expect(checkContentHash(pdu, version)).toEqual({ pdu, redacted: false })
      expect(checkContentHash(pdu, version).pdu).toBe(pdu)
    })

    test.each(['', '!', 'AAAA', `${'A'.repeat(43)}=`])('redacts one with the hash %j', (sha256) => {
      const altered = { ...pdu, hashes: { sha256 } }
      expect(checkContentHash(altered, version)).toEqual({ pdu: redact(altered, version), redacted: true })
    })

    test('redacts one whose content was altered or removed', () => {
      for (const content of [{ body: 'good-bye' }, {}]) {
        const altered = { ...pdu, content, unsigned: { age: 5 } }
        expect(checkContentHash(altered, version)).toEqual({ pdu: redact(pdu, version), redacted: true })
      }
    })
  })

  describe('checkReceivedPdu', () => {
    const received = (event: JsonValue) => checkReceivedPdu(parseJsonText(stringifyJson(event)), version, KNOWN)

    test('accepts what a server sends, under the ID that the server gave it', () => {
      expect(received(pdu)).toEqual({ kind: 'accepted', event: { eventId, roomId, pdu }, redacted: false })
    })

    test('accepts a redacted event under the same ID', () => {
      const bare = redact(pdu, version)
      expect(received(bare)).toEqual({ kind: 'accepted', event: { eventId, roomId, pdu: bare }, redacted: true })
    })

    test('accepts a create event, whose room it finds', () => {
      const create = TestRoom.bare(version).events[0]!
      expect(received(create.pdu)).toMatchObject({ kind: 'accepted', event: { roomId: create.roomId } })
    })

    test('drops what has the wrong format or size', () => {
      expect(received('x')).toMatchObject({ kind: 'malformed' })
      expect(received({ ...pdu, depth: -1 })).toMatchObject({ kind: 'malformed' })
      expect(received({ ...pdu, content: { body: 'x'.repeat(65_536) } })).toMatchObject({ kind: 'malformed' })
      const half = { ...pdu, content: { body: 'hello', half: new JsonNumber('0.5') } }
      expect(received(half).kind).toBe(isSince(versionId, 6) ? 'malformed' : 'accepted')
    })

    test('drops what is wrongly signed', () => {
      expect(received({ ...pdu, signatures: {} })).toEqual({
        kind: 'badly-signed',
        signer: { role: 'sender', serverName: A },
        reason: 'not-signed',
      })
    })

    test('whatever JSON stands in a field, the event is accepted or dropped', () => {
      const json = fc.jsonValue() as fc.Arbitrary<JsonValue>
      const field = fc.constantFrom(...Object.keys(pdu), 'state_key', 'unsigned', 'event_id', 'redacts', '__proto__')
      const inContent = fc.constantFrom(
        'membership',
        'third_party_invite',
        'join_authorised_via_users_server',
        'creator',
      )
      const type = fc.constantFrom('m.room.member', 'm.room.create', 'm.room.redaction', 'm.room.message')
      const kinds = ['accepted', 'malformed', 'badly-signed']
      fc.assert(
        fc.property(field, inContent, type, json, (name, member, eventType, value) => {
          expect(kinds).toContain(checkReceivedPdu({ ...pdu, [name]: value }, version, KNOWN).kind)
          const odd = { ...pdu, type: eventType, state_key: '', content: { [member]: value } }
          expect(kinds).toContain(checkReceivedPdu(odd, version, KNOWN).kind)
        }),
        { numRuns: 60 },
      )
    })

    test('accepts any event of its own making and drops any that was altered where redaction keeps it', () => {
      fc.assert(
        fc.property(anyPdu(versionId), (event) => {
          // Invites by third parties need no signature; what else is asked of the content has its own tests.
          fc.pre(event.type !== 'm.room.member')
          const signed = signEvent(event, A, TEST_KEY, version)
          expect(received(signed.pdu)).toMatchObject({ kind: 'accepted', redacted: false })
          expect(received({ ...signed.pdu, origin_server_ts: 1 })).toMatchObject({ kind: 'badly-signed' })
          const altered = { ...signed.pdu, 'org.example.added': 1 }
          expect(received(altered)).toMatchObject({ kind: 'accepted', redacted: true })
        }),
        { numRuns: 20 },
      )
    })
  })
})

test('what a key response says of a key’s validity counts for a week', () => {
  const week = 604_800_000
  expect(keyValidUntil(5_000, 1_000)).toBe(5_000)
  expect(keyValidUntil(1_000 + week, 1_000)).toBe(1_000 + week)
  expect(keyValidUntil(1_001 + week, 1_000)).toBe(1_000 + week)
})

test('a key of another size is the caller’s mistake', () => {
  const version = roomVersion('12')
  const { pdu } = TestRoom.public(version).build({ type: 'm.x', sender: alice })
  const short = () => ({ keyId: TEST_KEY.keyId, publicKey: new Uint8Array(31), validUntilTs: FOREVER })
  expect(() => checkSignatures(pdu, version, short)).toThrow('An Ed25519 public key has 32 bytes')
})
