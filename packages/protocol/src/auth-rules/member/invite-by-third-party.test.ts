import { describe, expect, test } from 'vitest'
import { ALL_VERSIONS, alice, bob, dave, outcomeOf, roomVersion, TestRoom } from '../../../test/room-builder.ts'
import { encodeBase64, encodeBase64Url } from '../../base64.ts'
import type { JsonObject, JsonValue } from '../../json/json-value.ts'
import { signJson } from '../../signing/sign-json.ts'
import { SigningKey } from '../../signing/signing-key.ts'
import { MAX_THIRD_PARTY_SIGNATURE_CHECKS, verifyThirdPartyInvite } from './verify-third-party-invite.ts'

const issuerKey = new SigningKey('0', new Uint8Array(32).fill(1))
const otherKey = new SigningKey('0', new Uint8Array(32).fill(2))
const signed = signJson({ mxid: dave, token: 'token' }, 'identity.example', issuerKey)

/** A room in which alice asked an identity server to invite somebody. */
function roomWith(version: string, issued: JsonObject = { public_key: encodeBase64(issuerKey.publicKey) }): TestRoom {
  const room = TestRoom.public(roomVersion(version))
  room.joinRule('invite')
  room.member(bob, 'invite', { sender: alice })
  room.member(bob, 'join')
  room.send({ type: 'm.room.third_party_invite', sender: alice, stateKey: 'token', content: issued })
  return room
}

function invite(room: TestRoom, thirdPartyInvite: JsonValue, sender = alice): string {
  return outcomeOf(() => room.member(dave, 'invite', { sender, third_party_invite: thirdPartyInvite }))
}

describe.each(ALL_VERSIONS)('version %s', (version) => {
  test('a signed invite is allowed, and lets the user join', () => {
    const room = roomWith(version)
    expect(invite(room, { display_name: 'd…', signed })).toBe('allowed')
    expect(outcomeOf(() => room.member(dave, 'join'))).toBe('allowed')
  })

  test('5.4.1.1: not of a banned user', () => {
    const room = roomWith(version)
    room.member(dave, 'ban', { sender: alice })
    expect(invite(room, { signed })).toBe('5.4.1.1')
  })

  test.each([null, 'yes', [], {}, { signed: 'yes' }, { signed: null }])(
    '5.4.1.2: not with third_party_invite %j',
    (value) => {
      expect(invite(roomWith(version), value)).toBe('5.4.1.2')
    },
  )

  test.each([{ mxid: dave }, { token: 'token' }, { mxid: 5, token: 'token' }, { mxid: dave, token: {} }])(
    '5.4.1.3: not with signed %j',
    (value) => {
      expect(invite(roomWith(version), { signed: value })).toBe('5.4.1.3')
    },
  )

  test('5.4.1.4: not for another user', () => {
    const forBob = signJson({ mxid: bob, token: 'token' }, 'identity.example', issuerKey)
    expect(invite(roomWith(version), { signed: forBob })).toBe('5.4.1.4')
  })

  test('5.4.1.5: not with a token the room does not know', () => {
    const unknown = signJson({ mxid: dave, token: 'other' }, 'identity.example', issuerKey)
    expect(invite(roomWith(version), { signed: unknown })).toBe('5.4.1.5')
  })

  test('5.4.1.6: not by another member than asked for it', () => {
    expect(invite(roomWith(version), { signed }, bob)).toBe('5.4.1.6')
  })

  test('5.4.1.8: not without a signature by a key the room knows', () => {
    const byOther = signJson({ mxid: dave, token: 'token' }, 'identity.example', otherKey)
    expect(invite(roomWith(version), { signed: byOther })).toBe('5.4.1.8')
    expect(invite(roomWith(version), { signed: { mxid: dave, token: 'token' } })).toBe('5.4.1.8')
    expect(invite(roomWith(version), { signed: { ...signed, more: 1 } })).toBe('5.4.1.8')
  })
})

describe('verifyThirdPartyInvite', () => {
  const publicKey = encodeBase64(issuerKey.publicKey)
  const otherPublicKey = encodeBase64(otherKey.publicKey)

  test.each<[string, JsonObject]>([
    ['public_key', { public_key: publicKey }],
    ['public_key in the URL-safe alphabet', { public_key: encodeBase64Url(issuerKey.publicKey) }],
    [
      'public_keys',
      { public_key: otherPublicKey, public_keys: [{ public_key: otherPublicKey }, { public_key: publicKey }] },
    ],
    [
      'public_keys beside rubbish',
      { public_key: 7, public_keys: [null, {}, 'x', { public_key: 'é' }, { public_key: publicKey }] },
    ],
  ])('finds the key in %s', (_, issued) => {
    expect(verifyThirdPartyInvite(signed, issued)).toBe(true)
  })

  test.each<JsonObject>([
    {},
    { public_key: otherPublicKey },
    { public_key: 'AAAA' },
    { public_key: '***' },
    { public_keys: { public_key: publicKey } },
  ])('finds none in %j', (issued) => {
    expect(verifyThirdPartyInvite(signed, issued)).toBe(false)
  })

  test.each<JsonValue>([null, 'x', [], { 'identity.example': null }, { 'not a server': { 'ed25519:0': 'AA' } }])(
    'takes malformed signatures %j for none',
    (signatures) => {
      expect(verifyThirdPartyInvite({ ...signed, signatures }, { public_key: publicKey })).toBe(false)
    },
  )

  test('stops after a bounded number of checks', () => {
    // given a good signature behind many bad ones
    const good = signed.signatures['identity.example']!['ed25519:0']!
    const withBad = (count: number) => {
      const bad = Object.fromEntries(
        Array.from({ length: count }, (_, i) => [`ed25519:x${i}`, encodeBase64(new Uint8Array(64))]),
      )
      return { ...signed, signatures: { 'identity.example': { ...bad, 'ed25519:0': good } } }
    }
    // then
    const issued = { public_key: publicKey }
    expect(verifyThirdPartyInvite(withBad(MAX_THIRD_PARTY_SIGNATURE_CHECKS - 1), issued)).toBe(true)
    expect(verifyThirdPartyInvite(withBad(MAX_THIRD_PARTY_SIGNATURE_CHECKS), issued)).toBe(false)
  })
})
