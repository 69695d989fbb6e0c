import type { JsonValue } from './json-value.ts'
import type { JsonMembers } from './canonical-json.ts'

/**
 * Writes JSON for the wire or for storage: key order and number literals stay as they are, members that are
 * `undefined` are left out. Not for hashing: see `canonicalJson`.
 */
export function stringifyJson(value: JsonValue | JsonMembers): string {
  // Numbers that JavaScript cannot hold write themselves: JsonNumber has a toJSON method.
  return JSON.stringify(value)
}
