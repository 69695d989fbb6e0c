import { JsonError } from './json-error.ts'
import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts'
import { setMember } from './own-members.ts'

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/
const PLAIN_INTEGER = /^(?:0|-?[1-9][0-9]*)$/

/**
 * Reads JSON like `JSON.parse`, but keeps the literals of numbers that a double does not hold as they are written.
 * Several times slower, for the few texts that need it. Recurses: the caller has bounded the depth.
 * @throws JsonError syntax
 */
export function parseLossless(text: string): JsonValue {
  return new LosslessParser(text).parse()
}

class LosslessParser {
  readonly #text: string
  /** The first character not read yet. */
  #position = 0

  constructor(text: string) {
    this.#text = text
  }

  parse(): JsonValue {
    const value = this.#value()
    this.#skipWhiteSpace()
    if (this.#position < this.#text.length) throw new JsonError('syntax')
    return value
  }

  #value(): JsonValue {
    this.#skipWhiteSpace()
    switch (this.#text.charAt(this.#position)) {
      case '{':
        return this.#object()
      case '[':
        return this.#array()
      case '"':
        return this.#string()
      case 't':
        return this.#word('true', true)
      case 'f':
        return this.#word('false', false)
      case 'n':
        return this.#word('null', null)
      default:
        return this.#number()
    }
  }

  #object(): JsonObject {
    const object: JsonObject = {}
    this.#position++
    if (this.#reads('}')) return object
    do {
      this.#skipWhiteSpace()
      const key = this.#string()
      this.#expect(':')
      setMember(object, key, this.#value())
    } while (this.#reads(','))
    this.#expect('}')
    return object
  }

  #array(): JsonValue[] {
    const items: JsonValue[] = []
    this.#position++
    if (this.#reads(']')) return items
    do items.push(this.#value())
    while (this.#reads(','))
    this.#expect(']')
    return items
  }

  #string(): string {
    const start = this.#position
    if (this.#text.charAt(start) !== '"') throw new JsonError('syntax')
    let hasEscapes = false
    let end = start + 1
    for (; this.#text.charAt(end) !== '"'; end++) {
      const unit = this.#text.charCodeAt(end)
      // Not at least a space: a control character, or NaN behind the end of the text.
      if (!(unit >= 0x20)) throw new JsonError('syntax')
      if (unit !== 0x5c) continue
      hasEscapes = true
      end++
    }
    this.#position = end + 1
    return hasEscapes ? unescaped(this.#text.slice(start, end + 1)) : this.#text.slice(start + 1, end)
  }

  #number(): number | JsonNumber {
    const start = this.#position
    while (isNumberPart(this.#text.charCodeAt(this.#position))) this.#position++
    const literal = this.#text.slice(start, this.#position)
    if (!NUMBER.test(literal)) throw new JsonError('syntax')
    const value = Number(literal)
    return Number.isSafeInteger(value) && PLAIN_INTEGER.test(literal) ? value : new JsonNumber(literal)
  }

  #word<T>(word: string, value: T): T {
    if (!this.#text.startsWith(word, this.#position)) throw new JsonError('syntax')
    this.#position += word.length
    return value
  }

  /** Whether the next character but for white space is this one; reads it if so. */
  #reads(character: string): boolean {
    this.#skipWhiteSpace()
    if (this.#text.charAt(this.#position) !== character) return false
    this.#position++
    return true
  }

  #expect(character: string): void {
    if (!this.#reads(character)) throw new JsonError('syntax')
  }

  #skipWhiteSpace(): void {
    while (isWhiteSpace(this.#text.charCodeAt(this.#position))) this.#position++
  }
}

/** @param quoted a string with its quotes. V8 reads escapes in it right: only those of keys it mixes up. */
function unescaped(quoted: string): string {
  try {
    return JSON.parse(quoted)
  } catch (cause) {
    throw new JsonError('syntax', { cause })
  }
}

function isWhiteSpace(unit: number): boolean {
  return unit === 0x20 || unit === 0x0a || unit === 0x0d || unit === 0x09
}

/** Digits, `.`, `+`, `-`, `e` and `E`; in which order is looked at later. */
function isNumberPart(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || unit === 0x2e || unit === 0x2b || unit === 0x2d || (unit | 0x20) === 0x65
}
