import type { IncomingMessage } from 'node:http'
import { isJsonObject, JsonError, type JsonObject, type JsonValue, MatrixError, parseJson } from '@magik/protocol'

/**
 * How much of a too large body is read and thrown away, so that the client sees the answer rather than a broken
 * connection. Beyond it the connection is closed.
 */
const DISCARDED_BYTES = 8 * 1024 * 1024

const NO_BYTES = new Uint8Array()

/** The client went away before its request was complete; there is nobody to answer. */
export class RequestAbortedError extends Error {
  override readonly name = 'RequestAbortedError'
}

/** Whether a request says that it carries a body. */
export function hasBody({ headers }: IncomingMessage): boolean {
  if (headers['transfer-encoding'] !== undefined) return true
  const length = headers['content-length']
  return length !== undefined && length !== '0'
}

/**
 * Reads a whole body.
 * @throws MatrixError M_TOO_LARGE beyond `limitBytes`; RequestAbortedError if the client goes away.
 */
export function readBody(raw: IncomingMessage, limitBytes: number): Promise<Uint8Array> {
  if (!hasBody(raw)) return Promise.resolve(NO_BYTES)
  if (Number(raw.headers['content-length']) > limitBytes + DISCARDED_BYTES) return Promise.reject(tooLarge(limitBytes))
  return new Promise((resolve, reject) => {
    const chunks: Uint8Array[] = []
    let sizeBytes = 0
    const settle = (finish: () => void): void => {
      raw.off('data', onData).off('end', onEnd).off('error', onLost).off('close', onLost)
      finish()
    }
    const onData = (chunk: Uint8Array): void => {
      sizeBytes += chunk.length
      if (sizeBytes <= limitBytes) chunks.push(chunk)
      else {
        chunks.length = 0
        if (sizeBytes > limitBytes + DISCARDED_BYTES) settle(() => reject(tooLarge(limitBytes)))
      }
    }
    const onEnd = (): void =>
      settle(() => {
        if (sizeBytes > limitBytes) reject(tooLarge(limitBytes))
        else resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks, sizeBytes))
      })
    const onLost = (): void => settle(() => reject(new RequestAbortedError('The client went away')))
    raw.on('data', onData).on('end', onEnd).on('error', onLost).on('close', onLost)
  })
}

function tooLarge(limitBytes: number): MatrixError {
  return new MatrixError('M_TOO_LARGE', `The request body is larger than ${limitBytes} bytes`)
}

/**
 * Parses a body as JSON object, whatever its content type says. No body at all counts as `{}`.
 * @throws MatrixError M_NOT_JSON for what is not JSON, M_BAD_JSON for JSON that is refused or no object.
 */
export function parseBody(bytes: Uint8Array): JsonObject {
  if (bytes.length === 0) return {}
  const value = parsed(bytes)
  if (!isJsonObject(value)) throw new MatrixError('M_BAD_JSON', 'The request body must be a JSON object')
  return value
}

function parsed(bytes: Uint8Array): JsonValue {
  try {
    return parseJson(bytes)
  } catch (error) {
    if (!(error instanceof JsonError)) throw error
    const notJson = error.kind === 'utf8' || error.kind === 'syntax'
    throw new MatrixError(notJson ? 'M_NOT_JSON' : 'M_BAD_JSON', `Request body: ${error.message}`, { cause: error })
  }
}
