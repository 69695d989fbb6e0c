import { isJsonObject, type JsonObject, type JsonValue } from '@magik/protocol'

/**
 * Keeps the named fields of an event.
 * @param paths dot-separated; a dot or backslash that belongs to a name is escaped by a backslash.
 * @spec client-server-api/#post_matrixclientv3useruseridfilter
 */
export function pickFields(event: JsonObject, paths: readonly string[]): JsonObject {
  const picked: JsonObject = {}
  for (const path of paths) pickField(event, picked, splitPath(path))
  return picked
}

function pickField(from: JsonObject, into: JsonObject, [name, ...rest]: readonly string[]): void {
  if (name === undefined || !Object.hasOwn(from, name)) return
  const value = from[name]
  if (value === undefined) return
  if (rest.length === 0) {
    setField(into, name, value)
    return
  }
  if (!isJsonObject(value)) return
  const present = Object.hasOwn(into, name) ? into[name] : undefined
  const inner: JsonObject = isJsonObject(present) ? present : {}
  // A copy is extended: what was taken over whole still belongs to the event.
  const extended = { ...inner }
  pickField(value, extended, rest)
  if (Object.keys(extended).length > 0) setField(into, name, extended)
}

/** `__proto__` is an ordinary key here. */
function setField(object: JsonObject, name: string, value: JsonValue): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true })
}

function splitPath(path: string): string[] {
  const names = ['']
  for (let index = 0; index < path.length; index += 1) {
    const character = path[index] ?? ''
    const next = path[index + 1]
    if (character === '.') names.push('')
    else if (character === '\\' && (next === '.' || next === '\\')) {
      names[names.length - 1] += next
      index += 1
    } else names[names.length - 1] += character
  }
  return names
}
