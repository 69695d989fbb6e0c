import fc from 'fast-check'
import { expect, test } from 'vitest'
import { addSetHash, emptySetHash, formatSetHash, readSetHash, replaceInSetHash } from './set-hash.ts'

const weight = fc.uint8Array({ minLength: 16, maxLength: 16 })
const number = (bytes: Uint8Array): bigint => BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)

test('replacing an entry adds weight × difference modulo 2^128', () => {
  fc.assert(
    fc.property(weight, weight, fc.maxSafeNat(), fc.maxSafeNat(), (start, bytes, before, after) => {
      const hash = readSetHash(start, 0)
      replaceInSetHash(hash, `..${Buffer.from(bytes).toString('latin1')}`, 2, before, after)
      const expected = BigInt.asUintN(128, number(start) + number(bytes) * (BigInt(after) - BigInt(before)))
      expect(formatSetHash(hash)).toBe(expected.toString(16).padStart(32, '0'))
    }),
  )
})

test('sums of hashes are taken modulo 2^128', () => {
  fc.assert(
    fc.property(weight, weight, (a, b) => {
      const sum = readSetHash(a, 0)
      addSetHash(sum, readSetHash(b, 0))
      expect(formatSetHash(sum)).toBe(
        BigInt.asUintN(128, number(a) + number(b))
          .toString(16)
          .padStart(32, '0'),
      )
    }),
  )
  expect(formatSetHash(emptySetHash())).toBe('0'.repeat(32))
})
