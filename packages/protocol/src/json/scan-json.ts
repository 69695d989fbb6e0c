import { JsonError } from './json-error.ts'

/** What one pass over the bytes of JSON text found. Says nothing about its syntax. */
export interface JsonScan {
  /** How many members all objects have together, repeated keys counted each time. */
  readonly members: number
  /** Whether `JSON.parse` is sure to read all of it exactly; if not, it takes `parseLossless`. */
  readonly plain: boolean
}

/** A literal of so many characters is within ±(2^53 − 1) whatever its digits. */
const SAFE_LITERAL_LENGTH = 15

const QUOTE = 0x22
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const BRACKET_OPEN = 0x5b
const BACKSLASH = 0x5c
const BRACKET_CLOSE = 0x5d
const LETTER_A = 0x61
const LETTER_E = 0x65
const LETTER_F = 0x66
const LETTER_U = 0x75
const BRACE_OPEN = 0x7b
const BRACE_CLOSE = 0x7d
/** Or-ed to a letter: its lower case. */
const LOWER_CASE = 0x20

/**
 * Finds, in one pass without recursion, what `JSON.parse` would pass over in silence.
 *
 * Plain are numbers that a double holds as they are written, and keys without escapes: V8 as of Node 24 to 26 mixes
 * up keys that have some (`"\n"` read after `"\\"` comes out as the latter).
 * See https://github.com/nodejs/node/issues/63785.
 * @throws JsonError depth, surrogate
 */
export function scanJson(bytes: Uint8Array, maxDepth: number): JsonScan {
  const length = bytes.length
  let depth = 0
  let members = 0
  let plain = true
  let stringHadEscapes = false
  for (let i = 0; i < length; i++) {
    const byte = bytes[i] ?? 0
    if (byte === QUOTE) {
      stringHadEscapes = false
      for (i++; i < length && bytes[i] !== QUOTE; i++) {
        if (bytes[i] !== BACKSLASH) continue
        stringHadEscapes = true
        i = endOfEscape(bytes, i)
      }
    } else if (byte === COLON) {
      members++
      if (stringHadEscapes) plain = false
    } else if (byte === BRACE_OPEN || byte === BRACKET_OPEN) {
      if (++depth > maxDepth) throw new JsonError('depth')
    } else if (byte === BRACE_CLOSE || byte === BRACKET_CLOSE) {
      depth--
    } else if (byte === MINUS || isDigit(byte)) {
      const start = i
      while (isDigit(bytes[i + 1] ?? 0)) i++
      plain &&= isPlainNumber(bytes, start, i + 1)
    }
  }
  return { members, plain }
}

/**
 * @param start the backslash.
 * @returns the last byte of the escape, or of two that together spell one code point.
 * @throws JsonError surrogate
 */
function endOfEscape(bytes: Uint8Array, start: number): number {
  if (bytes[start + 1] !== LETTER_U) return start + 1
  const end = start + 5
  const unit = hexUnit(bytes, start + 2)
  if (unit < 0xd800 || unit > 0xdfff) return end
  const second = bytes[end + 1] === BACKSLASH && bytes[end + 2] === LETTER_U ? hexUnit(bytes, end + 3) : 0
  if (unit > 0xdbff || second < 0xdc00 || second > 0xdfff) throw new JsonError('surrogate')
  return end + 6
}

/** The value of four hexadecimal digits; 0 where they are none, which is for `JSON.parse` to refuse. */
function hexUnit(bytes: Uint8Array, start: number): number {
  let unit = 0
  for (let i = start; i < start + 4; i++) {
    const byte = bytes[i] ?? 0
    const letter = byte | LOWER_CASE
    if (isDigit(byte)) unit = unit * 16 + byte - ZERO
    else if (letter >= LETTER_A && letter <= LETTER_F) unit = unit * 16 + letter - LETTER_A + 10
    else return 0
  }
  return unit
}

/** @param end the first byte that is no digit. */
function isPlainNumber(bytes: Uint8Array, start: number, end: number): boolean {
  const next = bytes[end] ?? 0
  if (next === DOT || (next | LOWER_CASE) === LETTER_E) return false
  if (bytes[start] === MINUS && bytes[start + 1] === ZERO) return false
  return end - start <= SAFE_LITERAL_LENGTH
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE
}
