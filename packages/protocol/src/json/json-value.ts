declare global {
  interface JSON {
    /** A stand-in for a number, string, boolean or null that `JSON.stringify` writes as the given text. */
    rawJSON(text: string): unknown
  }
}

/**
 * A number whose literal JavaScript cannot hold exactly (a fraction, an exponent, beyond ±(2^53 − 1), `-0`). Room
 * versions 1 to 5 hash such literals as they were sent.
 */
export class JsonNumber {
  readonly literal: string
  constructor(literal: string) {
    this.literal = literal
  }
  /** The nearest double; for arithmetic only, never for hashing. */
  valueOf(): number {
    return Number(this.literal)
  }
  /** Makes `JSON.stringify` write the literal as it stands. */
  toJSON(): unknown {
    return JSON.rawJSON(this.literal)
  }
}

/** A parsed JSON object. `__proto__` is an ordinary key in it. */
export type JsonObject = { [key: string]: JsonValue }

/** Any parsed JSON value. Plain safe integers are `number`; every other number is a `JsonNumber`. */
export type JsonValue = null | boolean | number | string | JsonNumber | JsonValue[] | JsonObject

/** Whether a JSON value is an object (not null, not an array, not a number kept as literal). */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof JsonNumber)
}
