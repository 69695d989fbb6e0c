import { JsonNumber, type JsonValue } from '../json/json-value.ts'

/**
 * Whether a value holds a number, however deep, that events must not hold from room version 6 on: anything that is not
 * written as an integer within ±(2^53 − 1).
 * @spec appendices/#canonical-json
 */
export function holdsForbiddenNumber(value: JsonValue | undefined): boolean {
  if (typeof value !== 'object' || value === null) return isForbiddenNumber(value)
  // A list of what is left to look at instead of recursion: the depth is the sender's choice.
  const pending: JsonValue[] = [value]
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    if (isForbiddenNumber(next)) return true
    if (typeof next !== 'object' || next === null || next instanceof JsonNumber) continue
    for (const member of Array.isArray(next) ? next : Object.values(next)) {
      if (typeof member === 'object' && member !== null) pending.push(member)
      else if (isForbiddenNumber(member)) return true
    }
  }
  return false
}

function isForbiddenNumber(value: JsonValue | undefined): boolean {
  if (typeof value === 'number') return !Number.isSafeInteger(value)
  // Minus zero is an integer; it is hashed as zero.
  return value instanceof JsonNumber && value.literal !== '-0'
}
