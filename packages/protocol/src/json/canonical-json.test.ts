import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { losslessJson, plainJson, shuffled } from '../../test/arbitrary-json.ts'
import vectors from '../../test/vectors/canonical-json.json' with { type: 'json' }
import { CanonicalJsonError, canonicalJson } from './canonical-json.ts'
import { isJsonObject, JsonNumber, type JsonValue } from './json-value.ts'
import { parseJsonText } from './parse-json.ts'

// The examples of https://spec.matrix.org/v1.19/appendices/#canonical-json
describe('examples of the specification', () => {
  test.each([
    ['{}', '{}'],
    ['{"one": 1, "two": "Two"}', '{"one":1,"two":"Two"}'],
    ['{"b": "2", "a": "1"}', '{"a":"1","b":"2"}'],
    ['{"b":"2","a":"1"}', '{"a":"1","b":"2"}'],
    [
      `{"auth": {"success": true, "mxid": "@john.doe:example.com", "profile": {"display_name": "John Doe", "three_pids":
       [{"medium": "email", "address": "john.doe@example.org"}, {"medium": "msisdn", "address": "123456789"}]}}}`,
      '{"auth":{"mxid":"@john.doe:example.com","profile":{"display_name":"John Doe","three_pids":[{"address":"john.doe@example.org","medium":"email"},{"address":"123456789","medium":"msisdn"}]},"success":true}}',
    ],
    ['{"a": "日本語"}', '{"a":"日本語"}'],
    ['{"本": 2, "日": 1}', '{"日":1,"本":2}'],
    ['{"a": "\\u65E5"}', '{"a":"日"}'],
    ['{"a": null}', '{"a":null}'],
    ['{"a": -0, "b": 1e10}', '{"a":0,"b":10000000000}'],
  ])('%s', (text, canonical) => {
    expect(canonicalJson(parseJsonText(text))).toBe(canonical)
  })
})

describe('a second implementation agrees', () => {
  test.each(vectors.cases)('$name', ({ json, canonical, sha256, numbers }) => {
    const value = parseJsonText(json)
    const text = canonicalJson(value, { lossless: true })
    expect(text).toBe(canonical)
    expect(createHash('sha256').update(text, 'utf8').digest('hex')).toBe(sha256)
    if (numbers === undefined) expect(canonicalJson(value)).toBe(canonical)
  })

  test.each(vectors.cases.filter(({ numbers }) => numbers === 'large'))('strictly refused: $name', ({ json }) => {
    expect(() => canonicalJson(parseJsonText(json))).toThrow(CanonicalJsonError)
  })
})

describe('numbers', () => {
  test.each([
    ['-0', '0'],
    ['0.0', '0'],
    ['0e5', '0'],
    ['1e3', '1000'],
    ['1.50e1', '15'],
    ['-120e-1', '-12'],
    ['9007199254740991.000', '9007199254740991'],
    [`1${'0'.repeat(30)}e-30`, '1'],
  ])('%s has the value of an integer and is written as %s', (literal, canonical) => {
    expect(canonicalJson(new JsonNumber(literal))).toBe(canonical)
  })

  test.each([
    '0.5',
    '1e-1',
    '9007199254740992',
    '-9007199254740992',
    '9007199254740990.5',
    '1.00000000000000000000001',
    '0.00000000000000000000000000000000001',
    `0.${'0'.repeat(400)}1`,
    '1e16',
    '1e400',
    '9223372036854775807',
  ])('%s is refused, and kept when lossless', (literal) => {
    const value = { a: [new JsonNumber(literal)] }
    expect(() => canonicalJson(value)).toThrow(CanonicalJsonError)
    expect(canonicalJson(value, { lossless: true })).toBe(`{"a":[${literal}]}`)
  })

  test('the integer -0 is 0 even when lossless, the fraction -0.0 is not', () => {
    expect(canonicalJson([new JsonNumber('-0'), new JsonNumber('-0.0')], { lossless: true })).toBe('[0,-0.0]')
  })

  test('numbers of our own are held to the same rule', () => {
    expect(canonicalJson([Number.MAX_SAFE_INTEGER, -0])).toBe('[9007199254740991,0]')
    for (const number of [0.5, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => canonicalJson({ a: { b: [number] } })).toThrow(CanonicalJsonError)
    }
    expect(canonicalJson([0.5], { lossless: true })).toBe('[0.5]')
    expect(() => canonicalJson([Number.NaN], { lossless: true })).toThrow(CanonicalJsonError)
  })

  test('a literal of a hundred thousand zeros takes no quadratic time', () => {
    expect(() => canonicalJson(new JsonNumber(`0.${'0'.repeat(100_000)}1`))).toThrow(CanonicalJsonError)
    expect(canonicalJson(new JsonNumber(`0.${'0'.repeat(100_000)}`))).toBe('0')
  })
})

describe('members', () => {
  test('those that are undefined count as absent', () => {
    expect(canonicalJson({ b: 1, a: undefined })).toBe('{"b":1}')
    expect(canonicalJson({ b: undefined })).toBe('{}')
    // also where keys read as numbers and the engine's order does not serve
    expect(canonicalJson({ 10: 1, 9: undefined, 2: 3 })).toBe('{"10":1,"2":3}')
  })

  test('__proto__ is sorted like any other', () => {
    const value = parseJsonText('{"a":1,"__proto__":{"b":1,"a":-0}}')
    expect(canonicalJson(value)).toBe('{"__proto__":{"a":0,"b":1},"a":1}')
  })

  test('the value handed in is not changed', () => {
    const value = { b: [{ d: 1, c: 2 }], a: { 10: 1, 9: 2 } }
    const before = JSON.stringify(value)
    canonicalJson(value)
    expect(JSON.stringify(value)).toBe(before)
  })

  test('a hundred thousand keys are sorted', () => {
    const keys = Array.from({ length: 100_000 }, (_, i) => `k${(i * 7_919) % 100_000}`)
    const text = canonicalJson(Object.fromEntries(keys.map((key) => [key, 0])))
    expect(text).toBe(
      `{${keys
        .toSorted()
        .map((key) => `"${key}":0`)
        .join()}}`,
    )
  })
})

describe('strings', () => {
  test.each(['\ud800', '\udc00', 'a\ud83d', '\ude00\ud83d'])('half of a surrogate pair is refused: %j', (text) => {
    expect(() => canonicalJson([text])).toThrow(CanonicalJsonError)
    expect(() => canonicalJson({ [text]: 1 })).toThrow(CanonicalJsonError)
    expect(() => canonicalJson({ 10: text, 9: 1 }, { lossless: true })).toThrow(CanonicalJsonError)
  })

  test('a backslash before the letters of a surrogate is none', () => {
    expect(canonicalJson(['\\ud800'])).toBe('["\\\\ud800"]')
  })
})

describe('properties', () => {
  test('a literal transcription of the grammar agrees', () => {
    fc.assert(
      fc.property(plainJson, (value) => {
        expect(canonicalJson(value)).toBe(transcription(value))
      }),
    )
    fc.assert(
      fc.property(losslessJson, (value) => {
        expect(canonicalJson(value, { lossless: true })).toBe(transcription(value))
      }),
    )
  })

  test('canonical text is its own canonical form', () => {
    fc.assert(
      fc.property(losslessJson, (value) => {
        const canonical = canonicalJson(value, { lossless: true })
        expect(canonicalJson(parseJsonText(canonical), { lossless: true })).toBe(canonical)
      }),
    )
  })

  test('the order of keys does not matter', () => {
    const pairs = losslessJson.chain((value) => fc.tuple(fc.constant(value), shuffled(value)))
    fc.assert(
      fc.property(pairs, ([value, other]) => {
        expect(canonicalJson(other, { lossless: true })).toBe(canonicalJson(value, { lossless: true }))
      }),
    )
  })
})

/** Canonical JSON as the specification words it, slowly. */
function transcription(value: JsonValue): string {
  if (value instanceof JsonNumber) return value.literal === '-0' ? '0' : value.literal
  if (Array.isArray(value)) return `[${value.map(transcription).join(',')}]`
  if (!isJsonObject(value)) return typeof value === 'string' ? transcribedString(value) : String(value)
  const keys = Object.keys(value).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
  return `{${keys.map((key) => `${transcribedString(key)}:${transcription(value[key]!)}`).join(',')}}`
}

function transcribedString(text: string): string {
  const short: Record<string, string> = { '\b': 'b', '\t': 't', '\n': 'n', '\f': 'f', '\r': 'r', '"': '"', '\\': '\\' }
  const characters = Array.from(text, (character) => {
    if (short[character] !== undefined) return `\\${short[character]}`
    const code = character.codePointAt(0) ?? 0
    return code < 0x20 ? `\\u${code.toString(16).padStart(4, '0')}` : character
  })
  return `"${characters.join('')}"`
}
