import { isJsonObject, type JsonValue } from '../json/json-value.ts'

/**
 * Reads a dot-separated path into the names of properties, from the outside in. A backslash keeps a dot or another
 * backslash from being more than itself; before anything else it is an ordinary character.
 * @spec appendices/#dot-separated-property-paths
 */
export function parsePropertyPath(path: string): string[] {
  const names: string[] = []
  let name = ''
  for (let index = 0; index < path.length; index += 1) {
    const character = path[index]
    const next = path[index + 1]
    if (character === '\\' && (next === '.' || next === '\\')) {
      name += next
      index += 1
    } else if (character === '.') {
      names.push(name)
      name = ''
    } else {
      name += character
    }
  }
  names.push(name)
  return names
}

/** The property that a path names; undefined if there is none. */
export function propertyAt(value: JsonValue | undefined, names: readonly string[]): JsonValue | undefined {
  let found = value
  for (const name of names) {
    if (!isJsonObject(found) || !Object.hasOwn(found, name)) return undefined
    found = found[name]
  }
  return found
}
