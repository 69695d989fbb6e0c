import { type JsonValue, MatrixError } from '@magik/protocol'

/** Longest name of a profile field, in bytes. @spec client-server-api/#put_matrixclientv3profileuseridkeyname */
export const MAX_PROFILE_FIELD_NAME_BYTES = 255

/** Longest values, in UTF-16 units: what other servers' member lists are ready for, and Synapse's limits. */
const MAX_DISPLAYNAME_LENGTH = 256
const MAX_AVATAR_URL_LENGTH = 1_000

/** @spec appendices/#common-namespaced-identifier-grammar */
const FIELD_NAME = /^(?:avatar_url|displayname|[a-z][a-z0-9_]*(?:\.[a-z0-9_-]+)+)$/

/** @throws MatrixError M_KEY_TOO_LARGE, M_INVALID_PARAM */
export function checkProfileFieldName(name: string): void {
  if (Buffer.byteLength(name) > MAX_PROFILE_FIELD_NAME_BYTES) {
    throw new MatrixError('M_KEY_TOO_LARGE', `Field names must have at most ${MAX_PROFILE_FIELD_NAME_BYTES} bytes`)
  }
  if (!FIELD_NAME.test(name)) throw new MatrixError('M_INVALID_PARAM', 'Not the name of a profile field')
}

/**
 * Checks the value of a field.
 * @returns the value to store; undefined where the field is to be removed: clients send an empty display name or avatar
 *   for none.
 * @throws MatrixError M_INVALID_PARAM
 */
export function checkProfileFieldValue(name: string, value: JsonValue | undefined): JsonValue | undefined {
  if (name === 'displayname') return checkText(name, value, MAX_DISPLAYNAME_LENGTH)
  if (name === 'avatar_url') return checkText(name, value, MAX_AVATAR_URL_LENGTH)
  if (name === 'm.tz' && value !== undefined && typeof value !== 'string') {
    throw new MatrixError('M_INVALID_PARAM', 'm.tz must be a string')
  }
  return value
}

function checkText(name: string, value: JsonValue | undefined, maxLength: number): string | undefined {
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw new MatrixError('M_INVALID_PARAM', `${name} must be a string`)
  if (value.length > maxLength) {
    throw new MatrixError('M_INVALID_PARAM', `${name} must have at most ${maxLength} characters`)
  }
  return value
}
