import { expect, test } from 'vitest'
import { JsonNumber } from './json-value.ts'
import { stringifyJson } from './stringify-json.ts'

test('stringifyJson keeps the order of keys', () => {
  expect(stringifyJson({ b: 1, a: [true, null, 'x'] })).toBe('{"b":1,"a":[true,null,"x"]}')
})

test.each(['-0', '1.50', '1e400', '9223372036854775807'])(
  'stringifyJson writes the literal %s as it stands',
  (literal) => {
    expect(stringifyJson(new JsonNumber(literal))).toBe(literal)
    expect(stringifyJson({ a: [new JsonNumber(literal)] })).toBe(`{"a":[${literal}]}`)
  },
)

test('stringifyJson leaves out members that are undefined', () => {
  expect(stringifyJson({ a: undefined, b: { c: 1 } })).toBe('{"b":{"c":1}}')
})

test('stringifyJson treats toJSON and __proto__ as data', () => {
  expect(stringifyJson({ toJSON: 'x', ['__proto__']: 1 })).toBe('{"toJSON":"x","__proto__":1}')
})
