import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { losslessJson, plainObject, shuffled } from '../../test/arbitrary-json.ts'
import vectors from '../../test/vectors/signed-json.json' with { type: 'json' }
import { decodeBase64, encodeBase64 } from '../base64.ts'
import { CanonicalJsonError } from '../json/canonical-json.ts'
import { isJsonObject, JsonNumber, type JsonObject } from '../json/json-value.ts'
import { parseJsonText } from '../json/parse-json.ts'
import { signJson, verifyJson } from './sign-json.ts'
import { generateSigningKey, importPublicKey, SigningKey, SigningKeyError } from './signing-key.ts'

const seededKey = generateSigningKey((size) => new Uint8Array(size).fill(7))

// https://spec.matrix.org/v1.19/appendices/#json-signing
describe('test vectors of the specification', () => {
  const key = new SigningKey('1', decodeBase64('YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1'))

  test.each([
    ['{}', 'K8280/U9SSy9IVtjBuVeLr+HpOB4BQFWbg+UZaADMtTdGYI7Geitb76LTrr5QV/7Xg4ahLwYGYZzuHGZKM5ZAQ'],
    [
      '{"one": 1, "two": "Two"}',
      'KqmLSbO39/Bzb0QIYE82zqLwsA+PDzYIpIRA2sRQ4sL53+sN6/fpNSoqE7BP7vBZhG6kYdD13EIMJpvhJI+6Bw',
    ],
  ])('%s', (text, signature) => {
    const object = parseObject(text)
    const signed = signJson(object, 'domain', key)
    expect(signed).toEqual({ ...object, signatures: { domain: { 'ed25519:1': signature } } })
    expect(verifyJson(signed, 'domain', 'ed25519:1', key.publicKey)).toBe(true)
  })
})

describe('a second implementation agrees', () => {
  test.each(vectors.cases)('$name', ({ seed, publicKey, keyId, signingName, object, signed }) => {
    const key = new SigningKey(keyId.slice('ed25519:'.length), decodeBase64(seed))
    const draft = parseObject(JSON.stringify(object))
    expect(encodeBase64(key.publicKey)).toBe(publicKey)
    expect(signJson(draft, signingName, key)).toEqual(signed)
    expect(verifyJson(parseObject(JSON.stringify(signed)), signingName, keyId, decodeBase64(publicKey))).toBe(true)
  })
})

describe('signJson', () => {
  test('keeps unsigned data and the signatures of others, and those of the same server under other keys', () => {
    const object = {
      a: 1,
      unsigned: { age: 5 },
      signatures: { 'other.org': { 'ed25519:1': 'x' }, 'example.org': { 'ed25519:old': 'y' } },
    }
    const signed = signJson(object, 'example.org', seededKey)
    expect(signed.unsigned).toEqual({ age: 5 })
    expect(signed.signatures).toEqual({
      'other.org': { 'ed25519:1': 'x' },
      'example.org': { 'ed25519:old': 'y', [seededKey.keyId]: expect.any(String) },
    })
    // and the object handed in is as it was
    expect(object.signatures['example.org']).toEqual({ 'ed25519:old': 'y' })
  })

  test('replaces signatures that are no object', () => {
    const signed = signJson({ signatures: 'x' }, 'example.org', seededKey)
    expect(Object.keys(signed.signatures)).toEqual(['example.org'])
    expect(Object.keys(signJson({ signatures: { 'example.org': [] } }, 'example.org', seededKey).signatures)).toEqual([
      'example.org',
    ])
  })

  test('refuses what has no canonical form, unless it is to be lossless', () => {
    const object: JsonObject = { depth: new JsonNumber('9223372036854775807') }
    expect(() => signJson(object, 'example.org', seededKey)).toThrow(CanonicalJsonError)
    const signed = signJson(object, 'example.org', seededKey, { lossless: true })
    expect(verifyJson(signed, 'example.org', seededKey.keyId, seededKey.publicKey, { lossless: true })).toBe(true)
    expect(verifyJson(signed, 'example.org', seededKey.keyId, seededKey.publicKey)).toBe(false)
  })
})

describe('verifyJson', () => {
  const signed = signJson({ a: 1, unsigned: { b: 2 } }, 'example.org', seededKey)
  const verifies = (object: JsonObject, name = 'example.org', keyId = seededKey.keyId) =>
    verifyJson(object, name, keyId, importPublicKey(seededKey.publicKey))

  test('accepts what was signed, whatever happens to unsigned and to the signatures of others', () => {
    expect(verifies(signed)).toBe(true)
    expect(verifies({ ...signed, unsigned: 'anything' })).toBe(true)
    expect(verifies({ a: 1, signatures: { ...signed.signatures, 'other.org': 5 } })).toBe(true)
  })

  test('refuses what was changed', () => {
    expect(verifies({ ...signed, a: 2 })).toBe(false)
    expect(verifies({ ...signed, b: 2 })).toBe(false)
    expect(verifies({ signatures: signed.signatures })).toBe(false)
  })

  test('refuses what the name or the key did not sign', () => {
    expect(verifies(signed, 'other.org')).toBe(false)
    expect(verifies(signed, 'example.org', 'ed25519:other')).toBe(false)
    expect(verifyJson(signed, 'example.org', seededKey.keyId, generateSigningKey().publicKey)).toBe(false)
  })

  test.each([
    undefined,
    null,
    'x',
    [],
    {},
    { 'example.org': null },
    { 'example.org': { 'ed25519:a_HHHH': null } },
    { 'example.org': { 'ed25519:a_HHHH': 5 } },
    { 'example.org': { 'ed25519:a_HHHH': '' } },
    { 'example.org': { 'ed25519:a_HHHH': 'not Base64!' } },
    { 'example.org': { 'ed25519:a_HHHH': 'Zm9v' } },
  ])('refuses signatures that read %j', (signatures) => {
    expect(seededKey.keyId).toBe('ed25519:a_HHHH')
    expect(verifies(signatures === undefined ? { a: 1 } : { a: 1, signatures })).toBe(false)
  })

  test('finds nothing under names that every object inherits', () => {
    expect(verifies(signed, 'constructor', 'name')).toBe(false)
    expect(verifies(signed, '__proto__', 'ed25519:toString')).toBe(false)
  })

  test('refuses an algorithm it does not know', () => {
    const signatures = { 'example.org': { 'rsa:1': signed.signatures['example.org']![seededKey.keyId]! } }
    expect(verifies({ a: 1, signatures }, 'example.org', 'rsa:1')).toBe(false)
  })

  test('refuses what has no canonical form', () => {
    expect(verifies({ ...signed, a: new JsonNumber('0.5') })).toBe(false)
    expect(verifies({ ...signed, a: '\ud800' })).toBe(false)
  })

  test('throws on a public key of another size, which is a mistake of the caller', () => {
    expect(() => verifyJson(signed, 'example.org', seededKey.keyId, new Uint8Array(31))).toThrow(SigningKeyError)
  })
})

describe('properties', () => {
  test('what was signed verifies, in any order of keys, and not once a member is added', () => {
    const objects = plainObject.chain((object) => fc.tuple(fc.constant(object), shuffled(object), losslessJson))
    fc.assert(
      fc.property(objects, ([object, reordered, extra]) => {
        const { signatures } = signJson(object, 'example.org', seededKey)
        fc.pre(isJsonObject(reordered))
        const received = { ...reordered, signatures, unsigned: extra }
        expect(verifyJson(received, 'example.org', seededKey.keyId, seededKey.publicKey)).toBe(true)
        const changed = { ...received, 'a member of its own': null }
        expect(verifyJson(changed, 'example.org', seededKey.keyId, seededKey.publicKey)).toBe(false)
      }),
    )
  })
})

function parseObject(text: string): JsonObject {
  const value = parseJsonText(text)
  if (!isJsonObject(value)) throw new Error('Not an object')
  return value
}
