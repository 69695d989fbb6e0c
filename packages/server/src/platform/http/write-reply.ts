import type { ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { acceptedCoding, compress, isCompressible, MIN_COMPRESSED_BYTES } from './compression.ts'
import { CORS_HEADERS } from './cors.ts'
import type { HttpRequest } from './http-request.ts'
import { hasBody } from './read-body.ts'
import { RawReply } from './reply.ts'

/** How a reply is sent beyond what it says itself. */
export interface WriteOptions {
  readonly compressed: boolean
  /** Tells the client not to use the connection again. */
  readonly closeConnection: boolean
}

/** A body left unread that is larger than this costs more to throw away than a new connection. */
const MAX_UNREAD_BYTES = 64 * 1024

/**
 * Sends a reply. Resolves when it is handed to the socket; a client that is gone is no error.
 */
export async function writeReply(
  request: HttpRequest,
  response: ServerResponse,
  reply: RawReply,
  options: WriteOptions,
): Promise<void> {
  const ready = options.compressed ? await compressedReply(request, reply) : reply
  if (response.headersSent || response.destroyed) return
  const { status, headers, body, contentType } = ready
  const head: Record<string, string | number> = { ...CORS_HEADERS, 'X-Request-Id': request.id, ...headers }
  if (contentType !== '') head['Content-Type'] = contentType
  if (options.closeConnection || leavesMuchUnread(request)) head['Connection'] = 'close'
  if (body instanceof Readable) {
    response.writeHead(status, head)
    if (request.method === 'HEAD') {
      body.destroy()
      response.end()
    } else await pipeline(body, response)
    return
  }
  if (status !== 204 && status !== 304) {
    head['Content-Length'] = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength
  }
  response.writeHead(status, head)
  response.end(body)
}

function leavesMuchUnread({ raw }: HttpRequest): boolean {
  if (raw.complete || !hasBody(raw)) return false
  const length = Number(raw.headers['content-length'])
  return !(length <= MAX_UNREAD_BYTES)
}

async function compressedReply(request: HttpRequest, reply: RawReply): Promise<RawReply> {
  const { body, contentType, headers } = reply
  if (body instanceof Readable || body.length < MIN_COMPRESSED_BYTES || !isCompressible(contentType)) return reply
  const varying = { ...headers, Vary: 'Accept-Encoding' }
  const coding = acceptedCoding(request.headers['accept-encoding'])
  if (coding === undefined) return new RawReply({ ...reply, headers: varying })
  return new RawReply({
    ...reply,
    headers: { ...varying, 'Content-Encoding': coding },
    body: await compress(body, coding),
  })
}
