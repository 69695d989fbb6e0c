import { MatrixError } from '@magik/protocol'
import { expect, test } from 'vitest'
import { parseFilterText } from './sync-filters.ts'

function errcodeOf(text: string): string | undefined {
  try {
    parseFilterText(text)
    return undefined
  } catch (error) {
    return error instanceof MatrixError ? error.errcode : 'none'
  }
}

test('a filter in a URL is a JSON object', () => {
  expect(parseFilterText('{"lazy_load_members":true}')).toEqual({ lazy_load_members: true })
})

test('what is no JSON, and what is no object, is told apart', () => {
  expect(errcodeOf('{"room')).toBe('M_NOT_JSON')
  expect(errcodeOf('')).toBe('M_NOT_JSON')
  for (const text of ['[]', '3', 'null', '"x"']) expect(errcodeOf(text), text).toBe('M_BAD_JSON')
})
