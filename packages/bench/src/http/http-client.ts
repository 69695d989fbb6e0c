import type { Clock } from '../clock.ts'
import { Connection } from './connection.ts'
import type { HttpResponse } from './response-reader.ts'

/** Idle connections are not used again after this long: the server may be about to close them. */
const REUSE_WITHIN_MS = 3_000

/** A request to the server under test. */
export interface HttpRequest {
  readonly method: 'GET' | 'POST' | 'PUT'
  /** Path with query, percent-encoded. */
  readonly path: string
  readonly accessToken?: string | undefined
  /** A finished JSON text. */
  readonly body?: string | undefined
}

/**
 * A pool of kept-alive connections to one server, one request at a time on each. It grows with the number of requests
 * outstanding, which the scenarios bound.
 */
export class HttpClient {
  readonly #clock: Clock
  readonly #host: string
  readonly #port: number
  readonly #commonHead: string
  readonly #idle: Connection[] = []
  readonly #open = new Set<Connection>()
  #closed = false

  /** @throws Error if `baseUrl` is not a plain http:// address. */
  constructor(baseUrl: string, clock: Clock) {
    const url = new URL(baseUrl)
    if (url.protocol !== 'http:') throw new Error(`only http:// servers can be measured, not ${baseUrl}`)
    this.#clock = clock
    this.#host = url.hostname.replace(/^\[|\]$/g, '')
    this.#port = Number(url.port || 80)
    this.#commonHead = ` HTTP/1.1\r\nHost: ${url.host}\r\nAccept: application/json\r\n`
  }

  /**
   * Sends a request and waits for its whole response, whatever its status.
   * @throws Error if the connection breaks or stays silent for too long.
   */
  async request(request: HttpRequest): Promise<HttpResponse> {
    if (this.#closed) throw new Error('the HTTP client is closed')
    const connection = this.#checkOut()
    const response = await connection.exchange(this.#render(request))
    if (response.reusable && !this.#closed) this.#idle.push(connection)
    else connection.destroy()
    return response
  }

  /** Breaks off every outstanding request and closes all connections. */
  close(): void {
    this.#closed = true
    for (const connection of this.#open) connection.destroy()
  }

  #checkOut(): Connection {
    const oldestUsable = this.#clock.now() - REUSE_WITHIN_MS
    // The most recently used comes last; if even that one is too old, all are.
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.usable && idle.lastUsedMs >= oldestUsable) return idle
      idle.destroy()
    }
    const connection = new Connection(this.#host, this.#port, this.#clock, () => this.#open.delete(connection))
    this.#open.add(connection)
    return connection
  }

  #render({ method, path, accessToken, body }: HttpRequest): string {
    let text = `${method} ${path}${this.#commonHead}`
    if (accessToken !== undefined) text += `Authorization: Bearer ${accessToken}\r\n`
    if (body === undefined) return `${text}\r\n`
    return `${text}Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  }
}
