/**
 * The server has more to do than it accepts: nothing has been done, the caller may try again. Answered with 503 and
 * Retry-After.
 */
export class OverloadError extends Error {
  /** When a new attempt is worth it. */
  readonly retryAfterMs: number

  constructor(message: string, options: { readonly retryAfterMs?: number; readonly cause?: unknown } = {}) {
    super(message, { cause: options.cause })
    this.name = 'OverloadError'
    this.retryAfterMs = options.retryAfterMs ?? 1_000
  }
}
