import type { JsonObject } from './json/json-value.ts'

/**
 * The spec's error codes and the HTTP status each usually travels with. A caller may override the status where the
 * spec does so for one endpoint.
 * @spec client-server-api/#standard-error-response
 */
const STATUS = {
  M_FORBIDDEN: 403,
  M_UNKNOWN_TOKEN: 401,
  M_MISSING_TOKEN: 401,
  M_USER_LOCKED: 401,
  M_USER_SUSPENDED: 403,
  M_USER_DEACTIVATED: 403,
  M_UNAUTHORIZED: 401,
  M_BAD_JSON: 400,
  M_NOT_JSON: 400,
  M_NOT_FOUND: 404,
  M_LIMIT_EXCEEDED: 429,
  M_UNRECOGNIZED: 404,
  M_UNKNOWN: 400,
  M_USER_IN_USE: 400,
  M_INVALID_USERNAME: 400,
  M_ROOM_IN_USE: 400,
  M_INVALID_ROOM_STATE: 400,
  M_THREEPID_IN_USE: 400,
  M_THREEPID_NOT_FOUND: 400,
  M_THREEPID_AUTH_FAILED: 400,
  M_THREEPID_DENIED: 403,
  M_SERVER_NOT_TRUSTED: 403,
  M_UNSUPPORTED_ROOM_VERSION: 400,
  M_INCOMPATIBLE_ROOM_VERSION: 400,
  M_BAD_STATE: 400,
  M_GUEST_ACCESS_FORBIDDEN: 403,
  M_CAPTCHA_NEEDED: 401,
  M_CAPTCHA_INVALID: 401,
  M_MISSING_PARAM: 400,
  M_INVALID_PARAM: 400,
  M_TOO_LARGE: 413,
  M_EXCLUSIVE: 400,
  M_RESOURCE_LIMIT_EXCEEDED: 403,
  M_CANNOT_LEAVE_SERVER_NOTICE_ROOM: 403,
  M_WEAK_PASSWORD: 400,
  M_UNABLE_TO_AUTHORISE_JOIN: 400,
  M_UNABLE_TO_GRANT_JOIN: 400,
  M_BAD_ALIAS: 400,
  M_DUPLICATE_ANNOTATION: 400,
  M_NOT_YET_UPLOADED: 504,
  M_CANNOT_OVERWRITE_MEDIA: 409,
  M_UNKNOWN_POS: 400,
  M_URL_NOT_SET: 400,
  M_BAD_STATUS: 502,
  M_CONNECTION_FAILED: 502,
  M_CONNECTION_TIMEOUT: 504,
  M_INVITE_BLOCKED: 403,
  M_WRONG_ROOM_KEYS_VERSION: 403,
  M_KEY_TOO_LARGE: 400,
  M_PROFILE_TOO_LARGE: 400,
} as const

/** An error code of the Matrix specification. */
export type Errcode = keyof typeof STATUS

/** Whether a value is an error code of the Matrix specification. */
export function isErrcode(value: unknown): value is Errcode {
  return typeof value === 'string' && Object.hasOwn(STATUS, value)
}

/** What may accompany a `MatrixError`: another status than the code's usual one, further body fields, the cause. */
export interface MatrixErrorOptions {
  readonly status?: number
  readonly fields?: JsonObject
  readonly cause?: unknown
}

/**
 * An error that is the caller's, in the spec's form. Thrown anywhere, rendered once at the HTTP edge.
 * @spec client-server-api/#standard-error-response
 */
export class MatrixError extends Error {
  readonly errcode: Errcode
  readonly status: number
  readonly fields: JsonObject

  constructor(errcode: Errcode, message: string, options: MatrixErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.name = 'MatrixError'
    this.errcode = errcode
    this.status = options.status ?? STATUS[errcode]
    this.fields = options.fields ?? {}
  }

  /** The response body. */
  toJSON(): JsonObject {
    return { ...this.fields, errcode: this.errcode, error: this.message }
  }
}
