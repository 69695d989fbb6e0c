import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'

export interface LoggedEvent {
  readonly roomId: string
  readonly eventId: string
  readonly json: string
}

interface Waiting {
  readonly event: LoggedEvent
  resolve(): void
  reject(error: Error): void
}

/** Events on disk, committed in groups: what arrives while one commit is on its way is the next one. */
export class CommitLog {
  readonly #writer: Worker
  readonly #reader: DatabaseSync
  #gathering: Waiting[] = []
  #committing: Waiting[] = []

  constructor(file: string) {
    this.#reader = new DatabaseSync(file)
    this.#reader.exec('PRAGMA journal_mode = WAL')
    this.#reader.exec(
      'CREATE TABLE events (position INTEGER PRIMARY KEY, room_id TEXT, event_id TEXT UNIQUE, json TEXT) STRICT;' +
        'CREATE INDEX events_of_room ON events (room_id, position)',
    )
    this.#writer = new Worker(new URL('./commit-writer.ts', import.meta.url), { workerData: file })
    this.#writer.on('message', () => {
      for (const waiting of this.#committing) waiting.resolve()
      this.#commitNext()
    })
    this.#writer.on('error', (cause) => {
      const error = new Error('the writer failed', { cause })
      for (const waiting of [...this.#committing, ...this.#gathering]) waiting.reject(error)
    })
  }

  /** Resolves once the event is durable. */
  append(event: LoggedEvent): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#gathering.push({ event, resolve, reject })
      if (this.#committing.length === 0) this.#commitNext()
    })
  }

  /** The answer to /messages with `dir=b`. */
  page(roomId: string, query: URLSearchParams): object {
    const rows = this.#reader
      .prepare(
        'SELECT position, json, event_id FROM events WHERE room_id = ? AND position < ? ORDER BY position DESC LIMIT ?',
      )
      .all(roomId, Number(query.get('from') ?? Number.MAX_SAFE_INTEGER), Number(query.get('limit') ?? 10))
    const chunk = rows.map((row) => ({ ...JSON.parse(String(row['json'])), event_id: row['event_id'] }))
    const oldest = rows.at(-1)
    return { chunk, start: '0', ...(oldest === undefined ? {} : { end: String(oldest['position']) }) }
  }

  async close(): Promise<void> {
    await this.#writer.terminate()
    this.#reader.close()
  }

  #commitNext(): void {
    this.#committing = this.#gathering
    this.#gathering = []
    if (this.#committing.length > 0) this.#writer.postMessage(this.#committing.map((waiting) => waiting.event))
  }
}
