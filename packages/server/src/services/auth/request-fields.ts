import { type JsonObject, type JsonValue, MatrixError } from '@magik/protocol'

/** @throws MatrixError M_MISSING_PARAM, M_BAD_JSON */
export function requiredString(object: JsonObject, name: string): string {
  const value = optionalString(object, name)
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', `Missing ${name}`)
  return value
}

/** @throws MatrixError M_BAD_JSON */
export function optionalString(object: JsonObject, name: string): string | undefined {
  const value = field(object, name)
  if (value !== undefined && typeof value !== 'string') throw new MatrixError('M_BAD_JSON', `${name} must be a string`)
  return value
}

/** @throws MatrixError M_BAD_JSON */
export function optionalBoolean(object: JsonObject, name: string): boolean | undefined {
  const value = field(object, name)
  if (value !== undefined && typeof value !== 'boolean')
    throw new MatrixError('M_BAD_JSON', `${name} must be a boolean`)
  return value
}

/** Clients send null for what they leave out. */
function field(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? (object[name] ?? undefined) : undefined
}
