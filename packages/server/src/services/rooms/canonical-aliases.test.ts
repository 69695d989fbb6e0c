import { expect, test } from 'vitest'
import { withoutAlias } from './canonical-aliases.ts'

test('withoutAlias takes an alias out wherever it stands', () => {
  expect(withoutAlias({ alias: '#a:x', alt_aliases: ['#b:x'] }, '#a:x')).toEqual({ alt_aliases: ['#b:x'] })
  expect(withoutAlias({ alias: '#a:x', alt_aliases: ['#b:x'] }, '#b:x')).toEqual({ alias: '#a:x' })
  expect(withoutAlias({ alias: '#a:x', alt_aliases: ['#a:x', '#b:x'] }, '#a:x')).toEqual({ alt_aliases: ['#b:x'] })
})

test('withoutAlias leaves nothing of a content that names that alias alone', () => {
  expect(withoutAlias({ alias: '#a:x' }, '#a:x')).toEqual({})
})

test('withoutAlias keeps members it does not know', () => {
  expect(withoutAlias({ alias: '#a:x', 'org.example': 1 }, '#a:x')).toEqual({ 'org.example': 1 })
})
