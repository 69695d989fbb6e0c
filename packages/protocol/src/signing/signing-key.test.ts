import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { decodeBase64, encodeBase64 } from '../base64.ts'
import {
  formatSigningKeyFile,
  generateSigningKey,
  importPublicKey,
  parseSigningKeyFile,
  SigningKey,
  SigningKeyError,
} from './signing-key.ts'

const SEED = 'YJDBA9Xnr2sVqXD9Vj7XVUnmFZcZrlw8Md7kMW+3XA1'
const line = `ed25519 a_AbCd ${SEED}\n`

test('a signing key file is read, and written as it was but for spare bits', () => {
  const [key] = parseSigningKeyFile(line)
  expect(key.keyId).toBe('ed25519:a_AbCd')
  expect(key.publicKey).toHaveLength(32)
  const [again] = parseSigningKeyFile(formatSigningKeyFile(key))
  expect(again.keyId).toBe(key.keyId)
  expect(again.publicKey).toEqual(key.publicKey)
  expect(formatSigningKeyFile(again)).toBe(`ed25519 a_AbCd ${encodeBase64(decodeBase64(SEED))}\n`)
})

test('a signing key file may hold several keys, blank lines and carriage returns', () => {
  const keys = parseSigningKeyFile(`\r\n${line.trim()}\r\n\n  ed25519  1  ${SEED}=  `)
  expect(keys.map(({ keyId }) => keyId)).toEqual(['ed25519:a_AbCd', 'ed25519:1'])
})

test.each([
  ['no key', ' \n'],
  ['another algorithm', `rsa 1 ${SEED}`],
  ['no seed', 'ed25519 1'],
  ['more than a seed', `ed25519 1 ${SEED} 1`],
  ['a colon in the version', `ed25519 a:b ${SEED}`],
  ['a short seed', 'ed25519 1 Zm9v'],
  ['a seed that is not Base64', `ed25519 1 ${SEED.replace('Y', '*')}`],
])('a signing key file is refused: %s', (_name, text) => {
  expect(() => parseSigningKeyFile(text)).toThrow(SigningKeyError)
})

test('an error about a signing key file does not show the seed', () => {
  expect(() => parseSigningKeyFile(`ed25519 1 ${SEED}x`)).not.toThrow(SEED)
  expect(inspect(parseSigningKeyFile(line))).not.toContain(SEED.slice(0, 20))
  expect(JSON.stringify(parseSigningKeyFile(line))).not.toContain(SEED.slice(0, 20))
})

test('generateSigningKey makes a new key each time, versioned as Synapse does', () => {
  const keys = [generateSigningKey(), generateSigningKey()]
  for (const { keyId } of keys) expect(keyId).toMatch(/^ed25519:a_[A-Za-z]{4}$/)
  expect(keys[0]!.publicKey).not.toEqual(keys[1]!.publicKey)
})

test('generateSigningKey makes the same key of the same randomness', () => {
  const zeros = (size: number) => new Uint8Array(size)
  expect(generateSigningKey(zeros).keyId).toBe('ed25519:a_AAAA')
  expect(generateSigningKey(zeros).publicKey).toEqual(new SigningKey('1', zeros(32)).publicKey)
})

test('a signature is checked against message, key and itself', () => {
  const key = generateSigningKey()
  const publicKey = importPublicKey(key.publicKey)
  const signature = key.sign('häuser')
  expect(signature).toHaveLength(64)
  expect(publicKey.verify('häuser', signature)).toBe(true)
  expect(publicKey.verify(new TextEncoder().encode('häuser'), signature)).toBe(true)
  expect(publicKey.verify('hauser', signature)).toBe(false)
  expect(importPublicKey(generateSigningKey().publicKey).verify('häuser', signature)).toBe(false)
  expect(
    publicKey.verify(
      'häuser',
      signature.map((byte, i) => (i === 5 ? byte ^ 1 : byte)),
    ),
  ).toBe(false)
  for (const size of [0, 63, 65]) expect(publicKey.verify('häuser', new Uint8Array(size))).toBe(false)
})

test('keys of another size are refused', () => {
  expect(() => new SigningKey('1', new Uint8Array(31))).toThrow(SigningKeyError)
  expect(() => importPublicKey(new Uint8Array(33))).toThrow(SigningKeyError)
})

test('32 bytes that are no point of the curve verify nothing and throw nothing', () => {
  const { publicKey } = generateSigningKey()
  const noPoint = publicKey.map(() => 0xff)
  expect(importPublicKey(noPoint).verify('x', new Uint8Array(64))).toBe(false)
})
