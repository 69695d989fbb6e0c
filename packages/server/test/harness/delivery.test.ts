import { expect, test } from 'vitest'
import { deliveryFaults, fromFirstHeard } from './delivery.ts'

test.each([
  ['nothing is wrong', ['a', 'b', 'c'], []],
  ['one is missing', ['a', 'c'], ['x never heard of b']],
  ['the first is missing', ['b', 'c'], ['x never heard of a']],
  ['the last is missing', ['a', 'b'], ['x never heard of c']],
  ['one came twice', ['a', 'b', 'b', 'c'], ['x heard of b 2 times']],
  ['two are swapped', ['a', 'c', 'b'], ['x heard of c where b belongs']],
  ['one is foreign', ['a', 'b', 'c', 'z'], ['x heard of z, which is not there']],
] as const)('%s', (_what, heard, faults) => {
  expect(deliveryFaults('x', ['a', 'b', 'c'], heard)).toEqual(faults)
})

test('who came in the middle need not have heard of what was before', () => {
  expect(fromFirstHeard(['a', 'b', 'c'], ['b', 'c'])).toEqual(['b', 'c'])
  expect(fromFirstHeard(['a', 'b', 'c'], [])).toEqual(['a', 'b', 'c'])
})
