import fc from 'fast-check'
import { expect, test } from 'vitest'
import { Base64Error, decodeBase64, encodeBase64, encodeBase64Url } from './base64.ts'

// The examples of https://spec.matrix.org/v1.19/appendices/#unpadded-base64
test.each([
  ['', ''],
  ['f', 'Zg'],
  ['fo', 'Zm8'],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg'],
  ['fooba', 'Zm9vYmE'],
  ['foobar', 'Zm9vYmFy'],
])('%j is spelt %j', (text, base64) => {
  const bytes = new TextEncoder().encode(text)
  expect(encodeBase64(bytes)).toBe(base64)
  expect(decodeBase64(base64)).toEqual(bytes)
  expect(decodeBase64(base64.padEnd(Math.ceil(base64.length / 4) * 4, '='))).toEqual(bytes)
})

test('the alphabets differ in two characters, and either is read', () => {
  const bytes = Uint8Array.of(0xfb, 0xff, 0xbf, 0xfe)
  expect(encodeBase64(bytes)).toBe('+/+//g')
  expect(encodeBase64Url(bytes)).toBe('-_-__g')
  for (const text of ['+/+//g', '-_-__g', '+_-//g', '-_-__g==']) expect(decodeBase64(text)).toEqual(bytes)
})

test('a view of a larger buffer is spelt within its bounds', () => {
  expect(encodeBase64(new TextEncoder().encode('xfoox').subarray(1, 4))).toBe('Zm9v')
})

test('bits of the last character that carry no data may be set', () => {
  expect(decodeBase64('Zh')).toEqual(decodeBase64('Zg'))
})

test.each(['Z', 'Zm9vY', '=', 'Zg=', 'Zg===', 'Zm8==', 'Zm9v=', 'Z=g=', 'Zm 9v', 'Zm9v\n', 'Zm9v.', 'Zmé8', 'Zg=\n='])(
  '%j is not Base64',
  (text) => {
    expect(() => decodeBase64(text)).toThrow(Base64Error)
  },
)

test('what was encoded is decoded, in every spelling', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
      expect(decodeBase64(encodeBase64(bytes))).toEqual(bytes)
      expect(decodeBase64(encodeBase64Url(bytes))).toEqual(bytes)
      expect(decodeBase64(Buffer.from(bytes).toString('base64'))).toEqual(bytes)
      expect(encodeBase64(bytes)).not.toContain('=')
    }),
  )
})

test('arbitrary text is decoded or refused with a Base64Error', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('A', 'z', '+', '_', '=', ' ', 'é'), maxLength: 9 }), (text) => {
      try {
        decodeBase64(text)
      } catch (error) {
        expect(error).toBeInstanceOf(Base64Error)
      }
    }),
  )
})
