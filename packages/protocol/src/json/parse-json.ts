import { JsonError } from './json-error.ts'
import { JsonNumber, type JsonValue } from './json-value.ts'
import { parseLossless } from './parse-lossless.ts'
import { scanJson } from './scan-json.ts'

/** What bounds a parse. */
export interface JsonLimits {
  /** How many arrays and objects may lie within each other; `DEFAULT_MAX_JSON_DEPTH` unless given. */
  readonly maxDepth?: number
}

/**
 * Deepest nesting that is read unless a caller says otherwise. No less than other servers read: an event that they
 * accepted must not make the whole transaction that carries it unreadable here. Little enough that code which recurses
 * over a parsed value cannot run out of stack.
 */
export const DEFAULT_MAX_JSON_DEPTH = 1_000

/** Leaves a byte order mark in the text, where `JSON.parse` refuses it. Keeps nothing from one call to the next. */
const STRICT_UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Reads JSON as bytes came from a peer. Strings, keys (`__proto__` too) and number literals are kept exactly; text that
 * another parser could read differently is refused.
 * @throws JsonError if the bytes are not UTF-8 or not JSON, repeat a key, nest beyond the bound or escape half of a
 * surrogate pair. A byte order mark is no JSON.
 */
export function parseJson(bytes: Uint8Array, limits: JsonLimits = {}): JsonValue {
  return parseScanned(bytes, decodeUtf8(bytes), limits)
}

/** `parseJson` for text. @throws JsonError; text that holds half of a surrogate pair is refused like an escaped one. */
export function parseJsonText(text: string, limits: JsonLimits = {}): JsonValue {
  if (!text.isWellFormed()) throw new JsonError('surrogate')
  return parseScanned(Buffer.from(text, 'utf8'), text, limits)
}

function parseScanned(bytes: Uint8Array, text: string, limits: JsonLimits): JsonValue {
  const { members, plain } = scanJson(bytes, limits.maxDepth ?? DEFAULT_MAX_JSON_DEPTH)
  const value = plain ? parsePlain(text) : parseLossless(text)
  // Where a key repeats, the last of its values has replaced the others, so fewer members are left than were written.
  if (countMembers(value) !== members) throw new JsonError('duplicate_key')
  return value
}

function parsePlain(text: string): JsonValue {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new JsonError('syntax', { cause })
  }
}

/** How many members all objects in a value have together. Recurses no deeper than the scan allowed. */
function countMembers(value: JsonValue): number {
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return 0
  let count = 0
  if (Array.isArray(value)) {
    for (const item of value) {
      if (typeof item === 'object') count += countMembers(item)
    }
    return count
  }
  for (const key in value) {
    count++
    const member = value[key]
    if (typeof member === 'object') count += countMembers(member)
  }
  return count
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return STRICT_UTF8.decode(bytes)
  } catch (cause) {
    throw new JsonError('utf8', { cause })
  }
}
