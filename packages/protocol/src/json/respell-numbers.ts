import { CanonicalJsonError } from './canonical-json.ts'
import { JsonNumber, type JsonObject, type JsonValue } from './json-value.ts'
import { setMember } from './own-members.ts'

/** From here on, and below the other, a double is written with an exponent. */
const LARGE = 1e16
const SMALL = 1e-4

/**
 * Spells the numbers of an event about to be made the way Synapse does, so that it hashes the same text as we do: it
 * reads a fraction into a double and hashes the double's shortest spelling, whatever it was sent. Only room versions
 * whose events may hold fractions need this; for received events it would be wrong.
 * @returns the object, or a copy if anything is spelt otherwise.
 * @throws CanonicalJsonError on a fraction or exponent beyond the range of doubles.
 */
export function respellNumbers(object: JsonObject): JsonObject {
  let copy: JsonObject | undefined
  for (const [key, member] of Object.entries(object)) {
    const respelt = respell(member)
    if (respelt === member) continue
    copy ??= { ...object }
    setMember(copy, key, respelt)
  }
  return copy ?? object
}

function respell(value: JsonValue): JsonValue {
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof JsonNumber) return respellNumber(value)
  if (!Array.isArray(value)) return respellNumbers(value)
  const items = value.map(respell)
  return items.some((item, index) => item !== value[index]) ? items : value
}

function respellNumber(number: JsonNumber): JsonValue {
  if (number.literal === '-0') return 0
  // Integers of any size are kept to the last digit.
  if (!/[.eE]/.test(number.literal)) return number
  const spelling = shortestSpelling(number.valueOf())
  return spelling === number.literal ? number : new JsonNumber(spelling)
}

function shortestSpelling(value: number): string {
  if (!Number.isFinite(value)) throw new CanonicalJsonError('A number is beyond the range of doubles')
  const size = Math.abs(value)
  if (size !== 0 && (size < SMALL || size >= LARGE)) {
    const [mantissa = '', exponent = ''] = value.toExponential().split('e')
    return `${mantissa}e${exponent.charAt(0)}${exponent.slice(1).padStart(2, '0')}`
  }
  const digits = Object.is(value, -0) ? '-0' : String(value)
  return digits.includes('.') ? digits : `${digits}.0`
}
