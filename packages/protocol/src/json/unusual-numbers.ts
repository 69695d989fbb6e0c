import { JsonError } from './json-error.ts'
import { JsonNumber, type JsonValue } from './json-value.ts'

// `JSON.parse` is many times faster than a parser written in JavaScript, but rounds numbers. So literals that it would
// round become strings before it runs and JsonNumbers afterwards. Those strings start with half of a surrogate pair: no
// string does in JSON that passed the scan.
const MARK = '\ud800'
const MARK_UNIT = 0xd800

const NUMBER = /^-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?$/
const PLAIN_INTEGER = /^(?:0|-?[1-9][0-9]*)$/

/**
 * Puts a marked string in the place of each number that a double does not hold as it is written.
 * @param text JSON without halves of surrogate pairs. Its syntax need not have been checked: what is no proper number is
 * left for `JSON.parse` to refuse.
 */
export function markUnusualNumbers(text: string): string {
  let marked = ''
  let copied = 0
  for (let i = 0; i < text.length; i++) {
    const character = text.charAt(i)
    if (character === '"') {
      i = endOfString(text, i + 1)
    } else if (character === '-' || isDigit(character)) {
      const start = i
      while (isNumberPart(text.charAt(i + 1))) i++
      const literal = text.slice(start, i + 1)
      if (!NUMBER.test(literal) || isPlainInteger(literal)) continue
      marked += `${text.slice(copied, start)}"${MARK}${literal}"`
      copied = i + 1
    }
  }
  return marked + text.slice(copied)
}

/**
 * Turns marked strings back into numbers, within the value. Recurses as deep as the value.
 * @throws JsonError syntax, where a number stood in the place of a key.
 */
export function restoreUnusualNumbers(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.charCodeAt(0) === MARK_UNIT ? new JsonNumber(value.slice(1)) : value
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return value
  if (Array.isArray(value)) {
    for (const [i, item] of value.entries()) value[i] = restoreUnusualNumbers(item)
    return value
  }
  for (const key in value) {
    if (key.charCodeAt(0) === MARK_UNIT) throw new JsonError('syntax')
    // `__proto__` is the object's own here, so writing to it writes a member.
    value[key] = restoreUnusualNumbers(value[key] ?? null)
  }
  return value
}

/** @param start what follows the opening quote. @returns the closing quote, or the text's end if there is none. */
function endOfString(text: string, start: number): number {
  for (let i = start; i < text.length; i++) {
    const character = text.charAt(i)
    if (character === '"') return i
    if (character === '\\') i++
  }
  return text.length
}

function isPlainInteger(literal: string): boolean {
  return PLAIN_INTEGER.test(literal) && Number.isSafeInteger(Number(literal))
}

function isDigit(character: string): boolean {
  return character >= '0' && character <= '9'
}

function isNumberPart(character: string): boolean {
  return isDigit(character) || (character !== '' && '+-.eE'.includes(character))
}
