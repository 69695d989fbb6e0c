import type { HttpClient, HttpRequest } from '../http/http-client.ts'
import type { HttpResponse } from '../http/response-reader.ts'
import { isRecord } from './json-fields.ts'

/** The server under test answered with an error. */
export class RefusedError extends Error {
  readonly status: number
  /** The spec's error code; empty where the body is not the spec's. */
  readonly errcode: string
  readonly body: Buffer

  constructor(request: HttpRequest, response: HttpResponse) {
    const errcode = errcodeOf(response.body)
    const hint = response.status === 429 ? ' (its rate limits must be raised before it can be measured)' : ''
    const path = request.path.split('?', 1)[0]
    super(`${request.method} ${path} was answered with ${response.status} ${errcode}${hint}: ${excerpt(response.body)}`)
    this.status = response.status
    this.errcode = errcode
    this.body = response.body
  }
}

/**
 * Sends a request that is expected to succeed.
 * @throws RefusedError unless the status is 200.
 */
export async function exchange(http: HttpClient, request: HttpRequest): Promise<Buffer> {
  const response = await http.request(request)
  if (response.status !== 200) throw new RefusedError(request, response)
  return response.body
}

function errcodeOf(body: Buffer): string {
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isRecord(value) && typeof value['errcode'] === 'string' ? value['errcode'] : ''
  } catch {
    return ''
  }
}

function excerpt(body: Buffer): string {
  return body.toString('utf8', 0, 300)
}
