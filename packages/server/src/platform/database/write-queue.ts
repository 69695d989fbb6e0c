import type { WriteEntry, WriteResult } from './database.ts'
import { DatabaseBusyError, type DatabaseError, DatabaseUnavailableError } from './errors.ts'
import { entryBytes, type PendingEntry } from './pending-entry.ts'

/** Bounds of the queue and of one batch. */
export interface WriteLimits {
  readonly queuedEntries: number
  readonly queuedBytes: number
  readonly batchEntries: number
  readonly batchBytes: number
}

const MIB = 1_048_576

/** What suits a server. */
export const DEFAULT_WRITE_LIMITS: WriteLimits = {
  queuedEntries: 10_000,
  queuedBytes: 64 * MIB,
  batchEntries: 500,
  batchBytes: 4 * MIB,
}

/** Commits a batch: settles every entry of it, then resolves. Never rejects. */
export type CommitBatch = (batch: readonly PendingEntry[]) => Promise<void>

/**
 * Gathers entries while a batch is on its way to the disk, and sends what has gathered as the next one. One batch at a
 * time: two smaller ones under way would each wait for a sync of their own.
 */
export class WriteQueue {
  readonly #limits: WriteLimits
  readonly #commit: CommitBatch
  #waiting: PendingEntry[] = []
  #waitingBytes = 0
  #running: Promise<void> | undefined
  #committing: Promise<void> = Promise.resolve()
  #closed: DatabaseError | undefined

  constructor(limits: WriteLimits, commit: CommitBatch) {
    this.#limits = limits
    this.#commit = commit
  }

  /** Adds an entry at the end. */
  add(entry: WriteEntry): Promise<WriteResult> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed)
    const bytes = entryBytes(entry)
    const isFull =
      this.#waiting.length >= this.#limits.queuedEntries ||
      (this.#waiting.length > 0 && this.#waitingBytes + bytes > this.#limits.queuedBytes)
    if (isFull) return Promise.reject(new DatabaseBusyError('too many writes are waiting'))
    const { promise, resolve, reject } = Promise.withResolvers<WriteResult>()
    this.#waiting.push({ entry, bytes, resolve, reject })
    this.#waitingBytes += bytes
    this.#running ??= this.#run()
    return promise
  }

  /** Refuses what comes from now on, and resolves when everything taken has been settled. */
  async close(): Promise<void> {
    this.#closed ??= new DatabaseUnavailableError('the database is closed')
    await this.#running
  }

  /** Resolves once the batch that is being committed, if there is one, has been settled. */
  settled(): Promise<void> {
    return this.#committing
  }

  /** Refuses what waits and what comes from now on. */
  fail(error: DatabaseError): void {
    this.#closed = error
    const waiting = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    for (const { reject } of waiting) reject(error)
  }

  async #run(): Promise<void> {
    while (this.#waiting.length > 0) {
      // Everything that this turn of the event loop still brings joins the batch.
      await new Promise<void>((resolve) => setImmediate(resolve))
      const batch = this.#take()
      if (batch.length === 0) continue
      this.#committing = this.#commit(batch)
      await this.#committing
    }
    this.#running = undefined
  }

  #take(): PendingEntry[] {
    const { batchEntries, batchBytes } = this.#limits
    let count = 0
    let bytes = 0
    for (const pending of this.#waiting) {
      if (count === batchEntries || (count > 0 && bytes + pending.bytes > batchBytes)) break
      count += 1
      bytes += pending.bytes
    }
    this.#waitingBytes -= bytes
    return this.#waiting.splice(0, count)
  }
}
