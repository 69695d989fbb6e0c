import { expect, test } from 'vitest'
import { median, percentile } from './percentile.ts'

const oneToHundred = Array.from({ length: 100 }, (_, index) => index + 1)

test.each([
  [0.5, 50],
  [0.99, 99],
  [0.991, 100],
  [1, 100],
  [0, 1],
])('percentile: the share %d of 1 to 100 is %d', (share, expected) => {
  expect(percentile(oneToHundred, share)).toBe(expected)
})

test('percentile: one value is every percentile; no value has none', () => {
  expect(percentile([7], 0.01)).toBe(7)
  expect(() => percentile([], 0.5)).toThrow(RangeError)
})

test('median: the middle value, or the mean of the middle two, whatever the order', () => {
  expect(median([9, 1, 5])).toBe(5)
  expect(median([9, 1, 5, 6])).toBe(5.5)
  expect(() => median([])).toThrow(RangeError)
})
