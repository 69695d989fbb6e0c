import type { Client, Pool } from 'pg'
import type { Clock, Timer } from '../../clock/clock.ts'
import { type PostgresConnection, singleConnection } from './connection.ts'

/** How long nothing is heard before the counter is read: no cache is out of date for longer. */
const POLL_INTERVAL_MS = 250

/** How long a lost connection for wake-ups is left alone; meanwhile the counter is read. */
const RECONNECT_AFTER_MS = 5_000

/** What the watch stands on. */
export interface PositionWatchOptions {
  readonly connection: PostgresConnection
  readonly pool: Pool
  readonly clock: Clock
  /** Whether to ask for wake-ups; a pooler that lends connections per transaction passes none on. */
  readonly wakeUps: boolean
}

/**
 * Tells how far the stream has got, whoever wrote: by the database's wake-ups, and by reading the counter whenever
 * those have been silent. Wake-ups need a connection of their own; without them only time is lost.
 */
export class PositionWatch {
  readonly #options: PositionWatchOptions
  readonly #listeners: ((position: number) => void)[] = []
  #timer: Timer | undefined
  #client: Client | undefined
  #heardMs = Number.NEGATIVE_INFINITY
  #nextConnectMs = 0
  #isPolling = false
  #isClosed = false

  constructor(options: PositionWatchOptions) {
    this.#options = options
  }

  /** Adds a listener; with the first one the watch begins. */
  listen(listener: (position: number) => void): void {
    this.#listeners.push(listener)
    this.#timer ??= this.#options.clock.setInterval(() => this.#tick(), POLL_INTERVAL_MS)
    this.#tick()
  }

  async close(): Promise<void> {
    this.#isClosed = true
    this.#timer?.cancel()
    await this.#client?.end().catch(() => undefined)
  }

  #tick(): void {
    const now = this.#options.clock.monotonic()
    if (this.#options.wakeUps && this.#client === undefined && now >= this.#nextConnectMs) void this.#connect(now)
    if (now - this.#heardMs >= POLL_INTERVAL_MS && !this.#isPolling) void this.#poll()
  }

  async #poll(): Promise<void> {
    this.#isPolling = true
    try {
      const { rows } = await this.#options.pool.query<{ position: number }>('SELECT position FROM stream WHERE id = 1')
      this.#tell(rows[0]?.position)
    } catch {
      // The database is away: whoever writes or reads is told so.
    } finally {
      this.#isPolling = false
    }
  }

  async #connect(nowMs: number): Promise<void> {
    this.#nextConnectMs = nowMs + RECONNECT_AFTER_MS
    const client = singleConnection(this.#options.connection, { answerTimeoutMs: RECONNECT_AFTER_MS })
    this.#client = client
    const lose = () => {
      if (this.#client === client) this.#client = undefined
    }
    client.on('end', lose)
    client.on('notification', ({ payload }) => {
      this.#heardMs = this.#options.clock.monotonic()
      this.#tell(Number(payload))
    })
    try {
      await client.connect()
      await client.query('LISTEN magik_stream')
      if (this.#isClosed) await client.end()
    } catch {
      lose()
    }
  }

  #tell(position: number | undefined): void {
    if (this.#isClosed || position === undefined || !Number.isSafeInteger(position)) return
    for (const listener of this.#listeners) listener(position)
  }
}
