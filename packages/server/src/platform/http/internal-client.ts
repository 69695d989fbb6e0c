import { Agent, request } from 'undici'

/** Connections kept to each of the other processes. */
const MAX_CONNECTIONS = 64

/** Largest answer that is read. */
const MAX_ANSWER_BYTES = 256 * 1024

/** How long an idle connection is kept: less than the listener keeps it. */
const KEEP_ALIVE_MS = 30_000

/** Speaks to the server's own other processes, at addresses they have given themselves. */
export class InternalClient {
  readonly #agent = new Agent({
    connections: MAX_CONNECTIONS,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxResponseSize: MAX_ANSWER_BYTES,
  })
  readonly #secret: string

  /** @param secret shown as a bearer token with each request. */
  constructor(secret: string) {
    this.#secret = secret
  }

  /** Posts JSON. @throws Error if it cannot be reached, answers too much, or the signal aborts. */
  async post(url: string, body: string, signal: AbortSignal): Promise<{ status: number; body: string }> {
    const { statusCode, body: answer } = await request(url, {
      method: 'POST',
      dispatcher: this.#agent,
      headers: { authorization: `Bearer ${this.#secret}`, 'content-type': 'application/json' },
      body,
      signal,
    })
    return { status: statusCode, body: await answer.text() }
  }

  /** Gives up all connections. */
  async close(): Promise<void> {
    await this.#agent.destroy()
  }
}
