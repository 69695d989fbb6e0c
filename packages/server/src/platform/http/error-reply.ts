import { MatrixError } from '@magik/protocol'
import { OverloadError } from './overload-error.ts'
import { jsonReply, type RawReply } from './reply.ts'

/**
 * Renders what a handler threw. An error that is nobody's but ours says nothing of itself to the client.
 * @spec client-server-api/#standard-error-response
 */
export function errorReply(error: unknown): RawReply {
  if (error instanceof MatrixError) {
    return jsonReply(error.toJSON(), { status: error.status, headers: retryAfter(error) })
  }
  if (error instanceof OverloadError) {
    return errorReply(
      new MatrixError('M_LIMIT_EXCEEDED', error.message, {
        status: 503,
        fields: { retry_after_ms: error.retryAfterMs },
      }),
    )
  }
  return errorReply(new MatrixError('M_UNKNOWN', 'Internal server error', { status: 500 }))
}

/** @spec client-server-api/#rate-limiting */
function retryAfter({ fields }: MatrixError): Record<string, string> {
  const ms = fields['retry_after_ms']
  return typeof ms === 'number' ? { 'Retry-After': String(Math.max(0, Math.ceil(ms / 1_000))) } : {}
}
