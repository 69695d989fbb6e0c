import type { IncomingHttpHeaders, IncomingMessage } from 'node:http'
import type { Logger } from '../log/logger.ts'
import { clientAddress } from './client-address.ts'
import type { ListenerContext } from './listener-context.ts'
import { QueryString } from './query-string.ts'

/** Where a request comes from and what it is called. */
export interface HttpRequestOptions {
  readonly raw: IncomingMessage
  readonly id: string
  readonly listener: ListenerContext
  readonly logger: Logger
  readonly receivedAtMs: number
  readonly isDraining: boolean
}

/** One HTTP request, as endpoints and authenticators see it. What is seldom asked for is worked out when asked for. */
export class HttpRequest {
  /** Node's own request, for bodies that are streamed. */
  readonly raw: IncomingMessage
  /** Names the request in every log line and in X-Request-Id. */
  readonly id: string
  readonly listener: ListenerContext
  /** When it came, by the clock's `monotonic`. */
  readonly receivedAtMs: number
  readonly #logger: Logger
  #log: Logger | undefined
  #query: QueryString | undefined
  #draining: AbortController | undefined
  #disconnected: AbortController | undefined
  #isDraining: boolean
  #isDisconnected = false

  constructor(options: HttpRequestOptions) {
    this.raw = options.raw
    this.id = options.id
    this.listener = options.listener
    this.receivedAtMs = options.receivedAtMs
    this.#logger = options.logger
    this.#isDraining = options.isDraining
  }

  get method(): string {
    return this.raw.method ?? 'GET'
  }

  /** Path and query as they were sent. Not for logs: see `redactedUrl`. */
  get url(): string {
    return this.raw.url ?? '/'
  }

  /** Headers by lower-case name. */
  get headers(): IncomingHttpHeaders {
    return this.raw.headers
  }

  /** The client's IP address; empty if unknown. */
  get ip(): string {
    return clientAddress(this.raw, this.listener.forwarded)
  }

  /** The User-Agent header; empty if there is none. */
  get userAgent(): string {
    return this.raw.headers['user-agent'] ?? ''
  }

  /** The query, as text. Endpoints get theirs parsed. */
  get query(): QueryString {
    if (this.#query === undefined) {
      const start = this.url.indexOf('?')
      this.#query = new QueryString(start === -1 ? '' : this.url.slice(start + 1))
    }
    return this.#query
  }

  /**
   * The token of `Authorization: Bearer`, else that of the `access_token` query parameter.
   * @spec client-server-api/#using-access-tokens
   */
  get accessToken(): string | undefined {
    const header = this.raw.headers.authorization
    if (header !== undefined) {
      const token = /^bearer +(\S+) *$/i.exec(header)?.[1]
      if (token !== undefined) return token
    }
    return this.query.first('access_token')
  }

  /** A logger whose lines carry `requestId`. */
  get log(): Logger {
    this.#log ??= this.#logger.child({ requestId: this.id })
    return this.#log
  }

  /** Aborts when the server is about to stop: a long-poll answers at once with what it has. */
  get draining(): AbortSignal {
    if (this.#draining === undefined) {
      this.#draining = new AbortController()
      if (this.#isDraining) this.#draining.abort()
    }
    return this.#draining.signal
  }

  /** Aborts when the client has gone away before it was answered. */
  get disconnected(): AbortSignal {
    if (this.#disconnected === undefined) {
      this.#disconnected = new AbortController()
      if (this.#isDisconnected) this.#disconnected.abort()
    }
    return this.#disconnected.signal
  }

  /** Called by the server once it drains. */
  noteDraining(): void {
    this.#isDraining = true
    this.#draining?.abort()
  }

  /** Called by the server when the connection is lost. */
  noteDisconnected(): void {
    this.#isDisconnected = true
    this.#disconnected?.abort()
  }
}
