import fc from 'fast-check'
import { expect, test } from 'vitest'
import { matchesWildcard } from './wildcard.ts'

test.each([
  ['m.room.message', 'm.room.message', true],
  ['m.room.message', 'm.room.messages', false],
  ['m.room.*', 'm.room.message', true],
  ['m.room.*', 'm.room.', true],
  ['m.room.*', 'm.roomy', false],
  ['*', '', true],
  ['*.message', 'm.room.message', true],
  ['m.*.x*z', 'm.a.b.xyz', true],
  ['m.*.x*z', 'm.a.b.xy', false],
  ['a.c', 'abc', false],
])('matchesWildcard: %j against %j is %j', (pattern, text, matches) => {
  expect(matchesWildcard(pattern, text)).toBe(matches)
})

test('matchesWildcard: agrees with the regular expression it stands for', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 })
  const text = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 12 })
  fc.assert(
    fc.property(letters, text, (pattern, subject) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`)
      expect(matchesWildcard(pattern, subject)).toBe(expression.test(subject))
    }),
  )
})

test('matchesWildcard: a pattern made to backtrack answers at once', () => {
  expect(matchesWildcard(`${'*a'.repeat(100)}b`, 'a'.repeat(2_000))).toBe(false)
})
