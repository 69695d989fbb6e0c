import { Refusal } from './refusal.ts'
import type { Content } from './replies.ts'
import type { HttpCall, Transport } from './transport.ts'

/** What a query may hold; undefined is left out. */
export type Query = Readonly<Record<string, string | number | boolean | undefined>>

/** How a request is made. */
export interface RequestOptions {
  readonly query?: Query
  readonly body?: Content
  readonly signal?: AbortSignal
}

/** Talks Matrix's client-server API; answers other than 2xx are thrown as `Refusal`. */
export class Client {
  readonly transport: Transport
  readonly accessToken: string | undefined

  constructor(transport: Transport, accessToken?: string) {
    this.transport = transport
    this.accessToken = accessToken
  }

  /** @param path below `/_matrix/client/v3`, or a whole one that starts with `/_` or `/.`; made by `path` */
  async request<Reply = Content>(
    method: HttpCall['method'],
    path: string,
    options: RequestOptions = {},
  ): Promise<Reply> {
    const { query = {}, body, signal } = options
    const url = `${/^\/[_.]/.test(path) ? '' : '/_matrix/client/v3'}${path}${queryText(query)}`
    const answer = await this.transport({
      method,
      url,
      headers: {
        ...(this.accessToken !== undefined && { authorization: `Bearer ${this.accessToken}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      ...(signal !== undefined && { signal }),
    })
    if (answer.status < 200 || answer.status > 299) throw new Refusal(`${method} ${url}`, answer)
    const reply: Reply = JSON.parse(answer.body)
    return reply
  }

  get<Reply = Content>(path: string, query: Query = {}): Promise<Reply> {
    return this.request('GET', path, { query })
  }

  put<Reply = Content>(path: string, body: Content = {}, query: Query = {}): Promise<Reply> {
    return this.request('PUT', path, { body, query })
  }

  post<Reply = Content>(path: string, body: Content = {}, query: Query = {}): Promise<Reply> {
    return this.request('POST', path, { body, query })
  }

  delete<Reply = Content>(path: string, body: Content = {}): Promise<Reply> {
    return this.request('DELETE', path, { body })
  }
}

/** Spells a path whose parameters are percent-encoded: path`/rooms/${roomId}/join`. */
export function path(texts: TemplateStringsArray, ...parameters: readonly string[]): string {
  return texts.reduce((spelt, part, index) => spelt + encodeURIComponent(parameters[index - 1] ?? '') + part)
}

function queryText(query: Query): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined)
  if (pairs.length === 0) return ''
  return `?${pairs.map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(String(value))}`).join('&')}`
}
