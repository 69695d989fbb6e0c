import type { Worker } from 'node:worker_threads'
import type { SqlValue } from '../database.ts'
import { type BatchOutcome, settleBatch } from '../batch-outcome.ts'
import { DatabaseError, DatabaseUnavailableError, errorMessage, MigrationError } from '../errors.ts'
import type { PendingEntry } from '../pending-entry.ts'
import { encodeBatch } from './batch-encoding.ts'
import type { WriterReply, WriterRequest, WriterThreadOptions } from './messages.ts'
import { startThread } from './thread.ts'

interface Waiter {
  readonly resolve: (reply: WriterReply) => void
  readonly reject: (error: DatabaseError) => void
}

/** The main thread's side of the writer thread. Requests are answered in order. */
export class Writer {
  readonly #thread: Worker
  readonly #waiters: Waiter[] = []
  readonly #knownStatements = new Set<number>()
  readonly #exited: Promise<void>
  /** Resolves if the thread dies by itself once it was open. */
  readonly lost: Promise<DatabaseError>
  #lost: DatabaseError | undefined
  #isOpen = false
  #isClosing = false
  #position = 0

  private constructor(options: WriterThreadOptions) {
    const { promise, resolve: tellLost } = Promise.withResolvers<DatabaseError>()
    this.lost = promise
    this.#thread = startThread('writer-thread', options)
    this.#thread.on('message', (reply: WriterReply) => this.#waiters.shift()?.resolve(reply))
    let cause: unknown
    this.#thread.on('error', (error) => {
      cause = error
    })
    this.#exited = new Promise((resolve) => {
      this.#thread.on('exit', () => {
        resolve()
        if (this.#isClosing) return
        this.#lost = new DatabaseUnavailableError('the writer thread is lost', { cause })
        for (const { reject } of this.#waiters.splice(0)) reject(this.#lost)
        if (this.#isOpen) tellLost(this.#lost)
      })
    })
  }

  /**
   * Starts the thread, which opens the database and migrates it.
   * @throws MigrationError, or DatabaseError if the file cannot be opened.
   */
  static async open(options: WriterThreadOptions): Promise<Writer> {
    const writer = new Writer(options)
    const reply = await writer.#reply()
    if (reply.kind === 'open') {
      writer.#position = reply.position
      writer.#isOpen = true
      return writer
    }
    writer.#isClosing = true
    await writer.#thread.terminate()
    if (reply.kind !== 'open_failed') throw unexpected(reply)
    const message = errorMessage(reply.error)
    throw reply.isMigration
      ? new MigrationError(message, { cause: reply.error })
      : new DatabaseError(`the database ${options.path} cannot be opened: ${message}`, { cause: reply.error })
  }

  /** The stream position of the last commit that has been answered. */
  get position(): number {
    return this.#position
  }

  /** Commits a batch and settles its entries, in order. Returns undefined if the batch as a whole failed. */
  async commit(batch: readonly PendingEntry[]): Promise<BatchOutcome | undefined> {
    try {
      const reply = await this.#request({ kind: 'batch', batch: encodeBatch(batch, this.#knownStatements) })
      if (reply.kind === 'batch') {
        // Whoever waits for an entry goes on only after this turn, so finds the new position.
        this.#position = settleBatch(batch, reply.outcome)
        return reply.outcome
      }
      if (reply.kind !== 'batch_failed') throw unexpected(reply)
      throw new DatabaseError(`the commit failed: ${errorMessage(reply.error)}`, { cause: reply.error })
    } catch (error) {
      const failure = error instanceof DatabaseError ? error : new DatabaseError('the commit failed', { cause: error })
      for (const { reject } of batch) reject(failure)
      return undefined
    }
  }

  /** What the writer's connection is set to. */
  async pragmas(): Promise<Readonly<Record<string, SqlValue>>> {
    const reply = await this.#request({ kind: 'pragmas' })
    if (reply.kind !== 'pragmas') throw unexpected(reply)
    return reply.pragmas
  }

  /** Closes the connection and ends the thread. */
  async close(): Promise<void> {
    this.#isClosing = true
    if (this.#lost === undefined) this.#send({ kind: 'close' })
    await this.#exited
  }

  #request(request: WriterRequest): Promise<WriterReply> {
    if (this.#lost !== undefined) return Promise.reject(this.#lost)
    this.#send(request)
    return this.#reply()
  }

  #send(request: WriterRequest): void {
    this.#thread.postMessage(request)
  }

  #reply(): Promise<WriterReply> {
    const { promise, resolve, reject } = Promise.withResolvers<WriterReply>()
    this.#waiters.push({ resolve, reject })
    return promise
  }
}

function unexpected(reply: WriterReply): Error {
  return new Error(`the writer answered something else: ${reply.kind}`)
}
