import type { HttpServer } from '../../src/platform/http/http-server.ts'

/** A request as a client sends it: nothing is added but what is written here. */
export interface HttpCall {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH' | 'OPTIONS' | 'HEAD'
  /** Path and query, percent-encoded. */
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array
  /** Hangs up. */
  readonly signal?: AbortSignal
}

/** The answer, uninterpreted. */
export interface HttpAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** Carries requests to a server. */
export type Transport = (call: HttpCall) => Promise<HttpAnswer>

/** Straight into the router: no socket. */
export function inProcess({ app }: HttpServer): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const answer = await app.inject({
      method,
      url,
      headers: { ...headers },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : Buffer.from(body) }),
      ...(signal !== undefined && { signal }),
    })
    return { status: answer.statusCode, headers: textHeaders(Object.entries(answer.headers)), body: answer.body }
  }
}

/** Over the network. @param baseUrl without a slash at its end. */
export function overHttp(baseUrl: string): Transport {
  return async ({ method, url, headers, body, signal }) => {
    const answer = await fetch(`${baseUrl}${url}`, {
      method,
      headers: { ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : Buffer.from(body) }),
      ...(signal !== undefined && { signal }),
    })
    return { status: answer.status, headers: textHeaders(answer.headers), body: await answer.text() }
  }
}

function textHeaders(entries: Iterable<readonly [string, unknown]>): Record<string, string> {
  return Object.fromEntries(Array.from(entries, ([name, value]) => [name, String(value)]))
}
