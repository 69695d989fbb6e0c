import fc from 'fast-check'
import { JsonNumber, type JsonObject, type JsonValue } from '../src/index.ts'

/** Strings of whole code points, with a liking for those that escape, sort or spell unusually. */
export const jsonString: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom('a', 'b', '0', '"', '\\', '\n', '\u0001', 'é', '\uffee', '\u{1f600}'),
    maxLength: 5,
  }),
)

/** Keys, with a liking for those that JavaScript treats in its own way. */
export const jsonKey: fc.Arbitrary<string> = fc.oneof(
  { weight: 3, arbitrary: jsonString },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toJSON', 'length', 'hasOwnProperty') },
  { weight: 1, arbitrary: fc.nat(120).map(String) },
)

/** Literals that a double cannot hold as they are written. */
export const unusualLiteral: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '-0',
    '-0.0',
    '1e3',
    '1E+3',
    '0.5',
    '1.0',
    '9007199254740992',
    '9223372036854775807',
    '-9007199254740993',
  ),
  fc.bigInt({ min: 2n ** 53n, max: 2n ** 80n }).map(String),
  fc.tuple(fc.integer(), fc.nat(), fc.integer({ min: -400, max: 400 })).map(([i, f, e]) => `${i}.${f}e${e}`),
)

/** Any JSON whose numbers are plain safe integers. */
export const plainJson: fc.Arbitrary<JsonValue> = anyJson(fc.maxSafeInteger())

/** Any JSON, with unusual numbers in it. */
export const losslessJson: fc.Arbitrary<JsonValue> = anyJson(
  fc.oneof(
    fc.maxSafeInteger(),
    unusualLiteral.map((literal) => new JsonNumber(literal)),
  ),
)

/** Any JSON object whose numbers are plain safe integers. */
export const plainObject: fc.Arbitrary<JsonObject> = objectOf(plainJson)

/** The same value with each object's keys in another order. */
export function shuffled(value: JsonValue): fc.Arbitrary<JsonValue> {
  if (typeof value !== 'object' || value === null || value instanceof JsonNumber) return fc.constant(value)
  if (Array.isArray(value)) return fc.tuple(...value.map(shuffled)).map((items) => [...items])
  const members = Object.entries(value).map(([key, member]) => fc.tuple(fc.constant(key), shuffled(member)))
  return fc
    .tuple(...members)
    .chain((entries) => fc.shuffledSubarray(entries, { minLength: entries.length }))
    .map((entries) => Object.fromEntries(entries))
}

function anyJson(numbers: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonValue> {
  return fc.letrec<{ value: JsonValue }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      fc.constantFrom(null, true, false),
      numbers,
      jsonString,
      fc.array(tie('value'), { maxLength: 4 }),
      objectOf(tie('value')),
    ),
  })).value
}

function objectOf(member: fc.Arbitrary<JsonValue>): fc.Arbitrary<JsonObject> {
  // fromEntries makes `__proto__` a member like any other; fast-check's own dictionaries leave it out.
  const entries = fc.uniqueArray(fc.tuple(jsonKey, member), { selector: ([key]) => key, maxLength: 6 })
  return entries.map((members) => Object.fromEntries(members))
}
