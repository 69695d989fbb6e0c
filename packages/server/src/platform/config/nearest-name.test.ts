import { expect, test } from 'vitest'
import { editDistance, nearestName } from './nearest-name.ts'

test.each([
  ['', '', 0],
  ['a', '', 1],
  ['listeners', 'listeners', 0],
  ['lisetners', 'listeners', 1],
  ['listner', 'listeners', 2],
  ['kitten', 'sitting', 3],
])('%s is away from %s by %i mistakes', (from, to, distance) => {
  expect(editDistance(from, to)).toBe(distance)
  expect(editDistance(to, from)).toBe(distance)
})

test('the nearest name is the one with the fewest mistakes', () => {
  expect(nearestName('smtp_hots', ['smtp_port', 'smtp_host'])).toEqual({ name: 'smtp_host', distance: 1 })
  expect(nearestName('anything', [])).toBeUndefined()
})
