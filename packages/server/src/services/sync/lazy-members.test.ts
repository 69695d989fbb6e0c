import { expect, test } from 'vitest'
import { LazyMembers } from './lazy-members.ts'

test('LazyMembers: tells a device of a member once', () => {
  const members = new LazyMembers()
  expect(members.tell('1/A', 7, [100, 101], { since: 5, upTo: 9 })).toEqual([100, 101])
  expect(members.tell('1/A', 7, [100, 102], { since: 9, upTo: 12 })).toEqual([102])
})

test('LazyMembers: tells again when the response that told may never have arrived', () => {
  const members = new LazyMembers()
  members.tell('1/A', 7, [100], { since: 5, upTo: 9 })
  expect(members.tell('1/A', 7, [100], { since: 5, upTo: 11 })).toEqual([100])
})

test('LazyMembers: knows devices and rooms apart', () => {
  const members = new LazyMembers()
  members.tell('1/A', 7, [100], { since: 5, upTo: 9 })
  expect(members.tell('1/B', 7, [100], { since: 9, upTo: 9 })).toEqual([100])
  expect(members.tell('1/A', 8, [100], { since: 9, upTo: 9 })).toEqual([100])
})
