import fc from 'fast-check'
import { expect, test } from 'vitest'
import { foldText, Glob, MAX_GLOB_LENGTH } from './glob.ts'

function whole(pattern: string, text: string): boolean {
  return Glob.compile(pattern)!.matchesWhole(foldText(text))
}

function words(pattern: string, text: string): boolean {
  return Glob.compile(pattern)!.matchesWords(foldText(text))
}

test('a pattern matches the whole text, without regard to case', () => {
  expect(whole('lunc?*', 'Lunch plans')).toBe(true)
  expect(whole('lunc?*', 'LUNCH')).toBe(true)
  expect(whole('lunc?*', ' lunch')).toBe(false)
  expect(whole('lunc?*', 'lunc')).toBe(false)
  expect(whole('', '')).toBe(true)
  expect(whole('', 'a')).toBe(false)
  expect(whole('*', '')).toBe(true)
  expect(whole('?', '')).toBe(false)
  expect(whole('ÄÖ', 'äö')).toBe(true)
})

test('a question mark stands for one character, however many units spell it', () => {
  expect(whole('?', '😀')).toBe(true)
  expect(whole('??', '😀')).toBe(false)
})

test('signs of regular expressions are ordinary characters', () => {
  expect(whole('a.c', 'abc')).toBe(false)
  expect(whole('(a|b)+[c]', '(a|b)+[c]')).toBe(true)
})

test('words: the match begins and ends at a word boundary', () => {
  for (const text of ['An example event.', 'exple', 'An exciting triple-whammy'])
    expect(words('ex*ple', text)).toBe(true)
  expect(words('cake', 'Cake!')).toBe(true)
  expect(words('cake', 'cakes')).toBe(false)
  expect(words('cake', 'pancake')).toBe(false)
  expect(words('cake', 'pan_cake')).toBe(false)
  expect(words('cake', 'pan-cake')).toBe(true)
  // other alphabets have no word characters in the specification's sense
  expect(words('кот', 'котик')).toBe(true)
  expect(words('@room', 'hey @room, look')).toBe(true)
  expect(words('@room', 'hey@room')).toBe(true)
  expect(words('c?ke', 'a coke')).toBe(true)
  expect(words('', 'anything')).toBe(true)
})

test('a literal pattern has no wildcards', () => {
  expect(Glob.literal('*')!.matchesWords(foldText('anything'))).toBe(false)
  expect(Glob.literal('w*?')!.matchesWords(foldText('so w*? then'))).toBe(true)
})

test('a pattern of the greatest length matches; a longer one is no pattern', () => {
  const longest = 'a'.repeat(MAX_GLOB_LENGTH)
  expect(whole(longest, longest)).toBe(true)
  expect(words(longest, `x ${longest} x`)).toBe(true)
  expect(Glob.compile(`${longest}a`)).toBeUndefined()
})

const alphabet = fc.constantFrom('a', 'b', 'A', ' ', '-', '_', '1')
const texts = fc.string({ unit: alphabet, maxLength: 40 })
const patterns = fc.string({ unit: fc.oneof(alphabet, fc.constantFrom('*', '?')), maxLength: 40 })

test('matching says what a regular expression says', () => {
  fc.assert(
    fc.property(patterns, texts, (pattern, text) => {
      const source = pattern.replace(/[*?-]/g, (sign) => ({ '*': '.*', '?': '.', '-': '\\-' })[sign]!)
      expect(whole(pattern, text)).toBe(new RegExp(`^(?:${source})$`, 'i').test(text))
      const inWords = new RegExp(`(?:^|\\b|(?<=\\W))(?:${source})(?:\\b|(?=\\W)|$)`, 'i')
      expect(words(pattern, text)).toBe(inWords.test(text))
    }),
    { numRuns: 2_000 },
  )
})

test.each([
  ['*a*a*a*a*a*a*a*a*a*a*b', 'a'],
  ['?????????????????????????????????????????????b', 'a'],
  [`${'*?'.repeat(200)}b`, 'a'],
  [`${'a*'.repeat(200)}b`, 'a'],
  [`${'a'.repeat(500)}b`, 'a'],
])('the work is the length of the text times the words of the pattern (%s)', (pattern, unit) => {
  const glob = Glob.compile(pattern)!
  const text = foldText(unit.repeat(60_000))
  const wordsOfPattern = Math.ceil((pattern.length + 1) / 32)
  expect(glob.matchesWhole(text)).toBe(false)
  expect(glob.steps).toBeLessThanOrEqual(60_000 * wordsOfPattern)
  const before = glob.steps
  expect(glob.matchesWords(text)).toBe(false)
  expect(glob.steps - before).toBeLessThanOrEqual(60_000 * wordsOfPattern)
})
