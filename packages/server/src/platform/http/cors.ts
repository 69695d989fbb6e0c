import { RawReply } from './reply.ts'

/**
 * On every answer, so that pages of any origin may read it, errors included.
 * @spec client-server-api/#web-browser-clients
 */
export const CORS_HEADERS = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': 'X-Requested-With, Content-Type, Authorization, Date',
  'Access-Control-Expose-Headers': 'X-Request-Id, Retry-After',
} as const

/** The answer to a browser's preflight, the same on every path; the browser may keep it for a day. */
export const preflightReply = new RawReply({
  status: 204,
  headers: { 'Access-Control-Max-Age': '86400' },
  body: '',
  contentType: '',
})
