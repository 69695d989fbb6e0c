import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { losslessJson, plainJson } from '../../test/arbitrary-json.ts'
import { canonicalJson } from './canonical-json.ts'
import { JsonError, type JsonErrorKind } from './json-error.ts'
import { JsonNumber, type JsonValue } from './json-value.ts'
import { DEFAULT_MAX_JSON_DEPTH, parseJson, parseJsonText } from './parse-json.ts'
import { stringifyJson } from './stringify-json.ts'

describe('numbers', () => {
  test.each(['0', '1', '-1', '10', '1700000000000', '123456789012345', '9007199254740991', '-9007199254740991'])(
    '%s is a number',
    (literal) => {
      expect(parseJsonText(literal)).toBe(Number(literal))
      expect(parseJsonText(`{"a":[${literal}]}`)).toEqual({ a: [Number(literal)] })
    },
  )

  test.each([
    ['a fraction', '0.5'],
    ['a whole number with a fraction', '1.0'],
    ['an exponent', '1e3'],
    ['a capital exponent with a sign', '1E+3'],
    ['a negative exponent', '5e-324'],
    ['minus zero', '-0'],
    ['minus zero with a fraction', '-0.0'],
    ['2^53', '9007199254740992'],
    ['2^53 + 1', '9007199254740993'],
    ['-(2^53)', '-9007199254740992'],
    ['2^63 - 1', '9223372036854775807'],
    ['more than a double reaches', '1e400'],
    ['many digits', '1'.repeat(5_000)],
    ['an integer with so many digits behind the point that a double rounds them away', '9007199254740990.00000001'],
  ])('%s keeps its literal', (_name, literal) => {
    expect(parseJsonText(literal)).toEqual(new JsonNumber(literal))
    // a literal does not change how the numbers beside it are read
    expect(parseJsonText(`{"b":[1,${literal}],"a":2}`)).toEqual({ b: [1, new JsonNumber(literal)], a: 2 })
  })

  test('a literal beside other things leaves them as they are', () => {
    const text = '{"\\"0.5":[0.5,"0.5",1,-7,true,null,{"é\u{1f600}":1e3}],"__proto__":-0.0,"\\\\":"\\\\"}'
    expect(stringifyJson(parseJsonText(text))).toBe(text)
  })

  test('what looks like a number in a string is left alone', () => {
    expect(parseJsonText('["1.5","-0","9007199254740993",{"1e3":"0.1"}]')).toEqual([
      '1.5',
      '-0',
      '9007199254740993',
      { '1e3': '0.1' },
    ])
  })
})

describe('keys', () => {
  test.each([
    ['at the top', '{"a":1,"a":1}'],
    ['with another between', '{"a":1,"b":2,"a":3}'],
    ['in a nested object', '{"x":[{"y":{"a":1,"a":2}}]}'],
    ['written differently', '{"a":1,"\\u0061":2}'],
    ['with an escaped solidus', '{"/":1,"\\/":2}'],
    ['as an astral code point and as its pair of escapes', '{"\u{1f600}":1,"\\ud83d\\ude00":2}'],
    ['__proto__', '{"__proto__":1,"__proto__":2}'],
    ['the empty key', '{"":1,"":2}'],
    ['a key that reads as a number', '{"7":1,"7":2}'],
    ['beside a number kept as literal', '{"a":0.5,"a":0.5}'],
    ['within a value that a later repetition replaces', '{"a":{"b":1,"c":2},"a":3}'],
  ])('a repeated key is refused: %s', (_name, text) => {
    expect(refusal(text)).toBe('duplicate_key')
  })

  test.each(['{"a":{"a":1},"b":{"a":1}}', '[{"a":1},{"a":1}]', '{"a":":","b":"\\":"}', '{"a":1,"A":2}'])(
    'a key may stand in several objects: %s',
    (text) => {
      expect(parseJsonText(text)).toEqual(JSON.parse(text))
    },
  )

  test.each(['{"__proto__":{"a":1}}', '{"__proto__":{"a":0.5},"b":1}'])('__proto__ is an ordinary key: %s', (text) => {
    const value = parseJsonText(text)
    expect(Object.keys(Object(value))).toContain('__proto__')
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype)
    expect(stringifyJson(value)).toBe(text)
  })

  test('a key with escapes is not taken for one seen before', () => {
    // https://github.com/nodejs/node/issues/63785: V8 compares such keys by their escapes
    const read = (key: string) => Object.keys(Object(parseJsonText(`{"before":1,${key}:2}`)))[1]
    for (const first of ['"\\\\"', '"a\\\\"']) {
      JSON.parse(`{"before":1,${first}:2}`)
      expect(read('"\\n"')).toBe('\n')
      expect(read('"\\u0061"')).toBe('a')
      expect(read('"a\\u0062"')).toBe('ab')
      expect(read('"\\\\"')).toBe('\\')
    }
  })

  test('a hundred thousand keys are read, and one of them repeated is found', () => {
    const members = Array.from({ length: 100_000 }, (_, i) => `"key ${i}":${i}`)
    expect(Object.keys(Object(parseJsonText(`{${members.join()}}`)))).toHaveLength(100_000)
    expect(refusal(`{${members.join()},"\\u006bey 5":0}`)).toBe('duplicate_key')
  })
})

describe('depth', () => {
  const nested = (depth: number) => `${'[{"a":'.repeat(depth / 2)}1${'}]'.repeat(depth / 2)}`

  test('is allowed up to the bound, counting arrays and objects alike', () => {
    expect(() => parseJsonText(nested(6), { maxDepth: 6 })).not.toThrow()
    expect(refusal(nested(6), 5)).toBe('depth')
  })

  test('siblings do not add up', () => {
    expect(() => parseJsonText('[[],[],{},{"a":[]}]', { maxDepth: 3 })).not.toThrow()
  })

  test('at the default bound everything that recurses over a value still has stack', () => {
    const value = parseJsonText(nested(DEFAULT_MAX_JSON_DEPTH))
    expect(stringifyJson(value)).toBe(nested(DEFAULT_MAX_JSON_DEPTH))
    expect(canonicalJson(value)).toBe(nested(DEFAULT_MAX_JSON_DEPTH))
    const withLiteral = nested(DEFAULT_MAX_JSON_DEPTH).replace('1', '1.5')
    expect(canonicalJson(parseJsonText(withLiteral), { lossless: true })).toBe(withLiteral)
    expect(refusal(nested(DEFAULT_MAX_JSON_DEPTH + 2))).toBe('depth')
  })

  test('a million brackets are refused without recursion', () => {
    expect(refusal('['.repeat(1_000_000))).toBe('depth')
  })

  test('brackets in strings do not count', () => {
    expect(parseJsonText('["[[[[{{{{"]', { maxDepth: 1 })).toEqual(['[[[[{{{{'])
  })
})

describe('strings', () => {
  test.each([
    '\\ud800',
    '\\udc00',
    '\\ud800x',
    '\\ud800\\u0041',
    '\\ude00\\ud83d',
    '\\uD83D\\uD83D\\uDE00',
    '\\ud83d\\n',
    '\\ud83d',
  ])('half of a surrogate pair is refused, in values and in keys: %s', (half) => {
    expect(refusal(`["${half}"]`)).toBe('surrogate')
    expect(refusal(`{"${half}":1}`)).toBe('surrogate')
  })

  test('whole pairs, and backslashes before what looks like an escape, are read', () => {
    expect(parseJsonText('["\\ud83d\\ude00","\\uDBFF\\uDFFF","\\\\ud800","\\"\\\\","\\ud7ff\\ue000"]')).toEqual([
      '\u{1f600}',
      '\u{10ffff}',
      '\\ud800',
      '"\\',
      '\ud7ff\ue000',
    ])
  })

  test('text with half of a pair in it is refused', () => {
    expect(refusal('"\ud800"')).toBe('surrogate')
  })
})

describe('bytes', () => {
  test('UTF-8 is read', () => {
    expect(parseJson(new TextEncoder().encode('{"é":"日\u{1f600}"}'))).toEqual({ é: '日\u{1f600}' })
  })

  test('a view of a larger buffer is read within its bounds', () => {
    const buffer = new TextEncoder().encode('xx[1]xx')
    expect(parseJson(buffer.subarray(2, 5))).toEqual([1])
  })

  test.each([
    ['a lone continuation byte', [0x80]],
    ['a truncated sequence', [0xe2, 0x82]],
    ['an overlong form', [0xc0, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a byte that never occurs', [0xff]],
  ])('%s is refused', (_name, bytes) => {
    expect(bytesRefusal(new Uint8Array([0x22, ...bytes, 0x22]))).toBe('utf8')
  })

  test.each([
    ['in UTF-8', [0xef, 0xbb, 0xbf, 0x7b, 0x7d], 'syntax'],
    ['in UTF-16', [0xff, 0xfe, 0x7b, 0x00], 'utf8'],
  ])('a byte order mark is refused: %s', (_name, bytes, kind) => {
    expect(bytesRefusal(new Uint8Array(bytes))).toBe(kind)
  })
})

describe('syntax', () => {
  test.each([
    '',
    ' ',
    '{',
    '[1,]',
    '{"a":1,}',
    '{"a"}',
    '{a:1}',
    "{'a':1}",
    '01',
    '-',
    '1.',
    '.5',
    '+1',
    '1e',
    '1.5.5',
    'NaN',
    'Infinity',
    '-Infinity',
    '0x10',
    'nul',
    '"',
    '"\\',
    '"\\u12',
    '"\\u12zz"',
    '"\\ud83d\\u12"',
    '"\\x41"',
    '"\t"',
    '1 2',
    '{}{}',
    '[1 2]',
    '\u00a0{}',
    '// comment\n{}',
    '-00',
    '[0.5,}',
    '{0.5:1}',
    '{1e3:0.5}',
    '[0.5 0.5]',
    '["a"0.5]',
    '0.5"a"',
    '1.5e',
    '[00.5]',
    '[-.5]',
    '[0.5-]',
    '[1.5,nulll]',
  ])('%j is not JSON', (text) => {
    expect(['syntax', 'surrogate']).toContain(refusal(text))
  })
})

describe('properties', () => {
  test('what was written is read again, and written the same', () => {
    fc.assert(
      fc.property(losslessJson, (value) => {
        const text = stringifyJson(value)
        const read = parseJsonText(text)
        expect(read).toEqual(value)
        expect(stringifyJson(read)).toBe(text)
      }),
    )
  })

  test('plain JSON is read alike, with and without a literal beside it', () => {
    fc.assert(
      fc.property(plainJson, fc.constantFrom('', ' ', '\n\t'), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent)
        expect(parseJson(Buffer.from(text))).toEqual(value)
        expect(parseJsonText(`[${text},0.5]`)).toEqual([value, new JsonNumber('0.5')])
      }),
    )
  })

  test('text that JSON.parse refuses is refused, and nothing but a JsonError is thrown', () => {
    const fragment = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      '\\',
      'u',
      'd800',
      '"a"',
      '1',
      '-',
      '0',
      '.',
      'e',
      'null',
      ' ',
    )
    fc.assert(
      fc.property(fc.array(fragment, { maxLength: 12 }), (fragments) => {
        const text = fragments.join('')
        if (isJson(text)) return
        expect(refusal(text)).toBeDefined()
      }),
      { numRuns: 2_000 },
    )
  })

  test('arbitrary bytes are read or refused with a JsonError', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 20 }), (bytes) => void bytesRefusal(bytes)))
  })
})

function refusal(text: string, maxDepth = DEFAULT_MAX_JSON_DEPTH): JsonErrorKind | undefined {
  return kindOf(() => parseJsonText(text, { maxDepth }))
}

function bytesRefusal(bytes: Uint8Array): JsonErrorKind | undefined {
  return kindOf(() => parseJson(bytes))
}

function kindOf(parse: () => JsonValue): JsonErrorKind | undefined {
  try {
    parse()
    return undefined
  } catch (error) {
    if (error instanceof JsonError) return error.kind
    throw error
  }
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
