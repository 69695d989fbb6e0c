/**
 * What is wrong with text that should be JSON: not UTF-8, not JSON, a key twice in one object, nested beyond the bound,
 * half of a surrogate pair in an escape.
 */
export type JsonErrorKind = 'utf8' | 'syntax' | 'duplicate_key' | 'depth' | 'surrogate'

const MESSAGES: Readonly<Record<JsonErrorKind, string>> = {
  utf8: 'Not valid UTF-8',
  syntax: 'Not valid JSON',
  duplicate_key: 'An object has the same key twice',
  depth: 'Nested too deeply',
  surrogate: 'A string holds half of a surrogate pair',
}

/** Thrown for text that is not JSON, or JSON that peers would read differently from each other. */
export class JsonError extends Error {
  readonly kind: JsonErrorKind

  constructor(kind: JsonErrorKind, options?: { cause?: unknown }) {
    super(MESSAGES[kind], options)
    this.name = 'JsonError'
    this.kind = kind
  }
}
