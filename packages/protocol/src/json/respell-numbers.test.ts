import { expect, test } from 'vitest'
import vectors from '../../test/vectors/number-spellings.json' with { type: 'json' }
import { CanonicalJsonError } from './canonical-json.ts'
import { isJsonObject, JsonNumber, type JsonObject } from './json-value.ts'
import { parseJsonText } from './parse-json.ts'
import { respellNumbers } from './respell-numbers.ts'
import { stringifyJson } from './stringify-json.ts'

function parsed(text: string): JsonObject {
  const value = parseJsonText(text)
  if (!isJsonObject(value)) throw new Error('no object')
  return value
}

test.each(vectors.cases)('%s is spelt %s, as Python spells it', (literal = '', spelling) => {
  const respelt = respellNumbers(parsed(`{"n":${literal}}`))
  expect(stringifyJson(respelt)).toBe(`{"n":${spelling}}`)
  // and once more changes nothing
  expect(respellNumbers(respelt)).toBe(respelt)
})

test('numbers are found wherever they are, and the rest is left alone', () => {
  const object = parsed('{"a":[1,{"b":1.50,"c":"1.50"}],"__proto__":{"d":1e3},"e":{"f":[true,null]},"2":-0}')
  const before = structuredClone(object)
  const respelt = respellNumbers(object)
  expect(stringifyJson(respelt)).toBe(
    '{"2":0,"a":[1,{"b":1.5,"c":"1.50"}],"__proto__":{"d":1000.0},"e":{"f":[true,null]}}',
  )
  expect(respelt.e).toBe(object.e)
  expect(structuredClone(object)).toEqual(before)
})

test('what holds no such number is handed back itself', () => {
  const object = parsed('{"a":[1,0.5,{"b":"x"}],"c":9007199254740993}')
  expect(respellNumbers(object)).toBe(object)
})

test.each(['1e400', '-1e999'])('%s has no spelling', (literal) => {
  expect(() => respellNumbers({ n: new JsonNumber(literal) })).toThrow(CanonicalJsonError)
})
