import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PackedBytesError, PackedReader, PackedWriter } from './packed-bytes.ts'

const readerOf = (bytes: Uint8Array): PackedReader => new PackedReader(bytes, 0, bytes.length)

test('varints: every safe integer reads back and takes as few bytes as it can', () => {
  fc.assert(
    fc.property(fc.maxSafeNat(), fc.nat(3), (value, shift) => {
      const number = Math.floor(value / 2 ** (shift * 13))
      const writer = new PackedWriter()
      writer.varint(number)
      const bytes = writer.view()
      expect(readerOf(bytes).varint()).toBe(number)
      expect(readerOf(bytes).skipVarint()).toBe(number % 128)
      expect(bytes.length).toBe(Math.max(1, Math.ceil(number.toString(2).length / 7)))
    }),
  )
  const writer = new PackedWriter()
  writer.varint(Number.MAX_SAFE_INTEGER)
  expect(readerOf(writer.view()).varint()).toBe(Number.MAX_SAFE_INTEGER)
})

test('varints: a number beyond the safe integers and one that does not end are refused', () => {
  expect(() => readerOf(Uint8Array.of(255, 255, 255, 255, 255, 255, 255, 31)).varint()).toThrow(PackedBytesError)
  expect(() => readerOf(new Uint8Array(20).fill(0x80)).varint()).toThrow('number out of range before byte 8')
  expect(() => readerOf(Uint8Array.of(0x80, 0x80)).varint()).toThrow('bytes end at 2')
  expect(() => readerOf(Uint8Array.of(0x80, 0x80)).skipVarint()).toThrow('bytes end at 2')
  expect(() => readerOf(Uint8Array.of(1)).skip(2)).toThrow('bytes end at 1, 2 more expected')
})

test('text: ASCII or not, short or long, it is its length and its UTF-8 bytes', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.string({ unit: 'grapheme', maxLength: 300 })), (text) => {
      const writer = new PackedWriter()
      writer.text(text)
      const reader = readerOf(writer.view())
      const length = reader.varint()
      expect(Buffer.from(writer.view().subarray(reader.at)).toString()).toBe(text)
      expect(length).toBe(Buffer.byteLength(text))
    }),
  )
})
