import { STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import { type Errcode, MatrixError } from '@magik/protocol'
import { CORS_HEADERS } from './cors.ts'
import { JSON_CONTENT_TYPE } from './reply.ts'

/** Parse errors of Node that are not simply "bad request". */
const BY_CODE: Readonly<Record<string, readonly [errcode: Errcode, status: number, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['M_TOO_LARGE', 431, 'The request line and headers are too large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['M_UNKNOWN', 408, 'The request took too long to arrive'],
}

/**
 * Answers what is no HTTP request, or stopped being one half-way, and closes its connection. There is no request object
 * for it, so the answer goes straight to the socket.
 */
export function answerBrokenRequest(error: Error, socket: Duplex): void {
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const [errcode, status, message] = BY_CODE[code] ?? ['M_UNKNOWN', 400, 'Not an HTTP request']
  const body = JSON.stringify(new MatrixError(errcode, message, { status }))
  const headers = {
    ...CORS_HEADERS,
    'Content-Type': JSON_CONTENT_TYPE,
    'Content-Length': String(Buffer.byteLength(body)),
    Connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy())
}
