import type { Pool } from 'pg'
import type { Clock } from '../../clock/clock.ts'
import { type BatchOutcome, settleBatch } from '../batch-outcome.ts'
import type { BoundWrite } from '../database.ts'
import { DatabaseBusyError, DatabaseError, DatabaseUnavailableError, errorMessage } from '../errors.ts'
import type { PendingEntry } from '../pending-entry.ts'
import { decodeOutcome, encodeBatch } from './batch-call.ts'
import { describeStatement } from './describe-statement.ts'
import { meaningOf, sqlState } from './postgres-errors.ts'
import { StatementShape } from './statement-shape.ts'
import type { WriterSession } from './writer-session.ts'

/** How long a batch is kept while its database is away. */
const OUTAGE_LIMIT_MS = 10_000

/** How often a batch is tried that the server has undone for reasons that pass. */
const MAX_ATTEMPTS = 6

/** Raised by `write_batch_1`. */
const GUARD_FAILED = 'MK001'
const GIVEN_UP = 'MK002'

/**
 * Commits batches, each by one call of a function in the server. Measured on a loopback connection, per statement of a
 * batch of fifty events: the call 50 µs, one message per statement 100 µs, and 30 µs if statements are prepared by
 * name, which a pooler between cannot bear. The call costs this process a quarter of the time of messages, and holds
 * locks for as long as the server computes, however slow the network.
 */
export class BatchWriter {
  readonly #session: WriterSession
  readonly #pool: Pool
  readonly #clock: Clock
  readonly #shapes = new Map<number, StatementShape>()
  /** Statements that the server does not understand. */
  readonly #broken = new Map<number, DatabaseError>()
  #position: number

  constructor(options: { session: WriterSession; pool: Pool; clock: Clock; position: number }) {
    this.#session = options.session
    this.#pool = options.pool
    this.#clock = options.clock
    this.#position = options.position
  }

  /** The stream position of the last commit that has been answered. */
  get position(): number {
    return this.#position
  }

  /** Commits a batch and settles its entries, in order. Returns undefined if the batch as a whole failed. */
  async commit(batch: readonly PendingEntry[]): Promise<BatchOutcome | undefined> {
    try {
      const { sound, outcome } = await this.#commit(batch)
      // Whoever waits for an entry goes on only after this turn, so finds the new position.
      this.#position = Math.max(this.#position, settleBatch(sound, outcome))
      return outcome
    } catch (error) {
      const failure = error instanceof DatabaseError ? error : new DatabaseError('the commit failed', { cause: error })
      for (const { reject } of batch) reject(failure)
      return undefined
    }
  }

  async #commit(batch: readonly PendingEntry[]): Promise<{ sound: readonly PendingEntry[]; outcome: BatchOutcome }> {
    const deadlineMs = this.#clock.monotonic() + (this.#session.isDown ? 0 : OUTAGE_LIMIT_MS)
    let withSavepoints = false
    let hasBegun = false
    let sound = batch
    for (let attempt = 1; ; attempt += 1) {
      try {
        const fate = await this.#session.settle()
        // Of an older batch nobody waits any more; what it did is found in the log.
        if (fate?.committed === true && hasBegun) return { sound, outcome: this.#decode(fate.outcome, sound) }
        hasBegun = false
        sound = await this.#withoutBroken(sound)
        const takesPositions = sound.some(({ entry }) => (entry.positions ?? 0) > 0)
        const parameters = encodeBatch(sound, (statement) => this.#shape(statement))
        hasBegun = true
        const outcome = await this.#session.commit([takesPositions, withSavepoints, ...parameters])
        return { sound, outcome: this.#decode(outcome, sound) }
      } catch (error) {
        const next = this.#afterFailure(error, { withSavepoints, attempt })
        if (next instanceof DatabaseError) throw next
        withSavepoints ||= next.withSavepoints
        if (next.isOutage) await this.#waitForServer(deadlineMs, error)
        else if (next.pauseMs > 0) await this.#clock.sleep(next.pauseMs)
      }
    }
  }

  /** What to do after a failed attempt: try again in this way, or give up with this error. */
  #afterFailure(
    error: unknown,
    { withSavepoints, attempt }: { withSavepoints: boolean; attempt: number },
  ): { withSavepoints: boolean; isOutage: boolean; pauseMs: number } | DatabaseError {
    const again = { withSavepoints: false, isOutage: false, pauseMs: 0 }
    const state = sqlState(error)
    if (error instanceof DatabaseUnavailableError) return { ...again, isOutage: true }
    if (error instanceof DatabaseError) return error
    const meaning = meaningOf(error)
    if (meaning === 'connection') {
      this.#session.drop()
      return { ...again, isOutage: true }
    }
    this.#session.undone()
    if (state === GIVEN_UP && attempt < MAX_ATTEMPTS) {
      this.#session.forgetWriter()
      return again
    }
    // All but no entry needs to be undone halfway, so a batch goes without savepoints until one does.
    if ((state === GUARD_FAILED || meaning === 'statement') && !withSavepoints)
      return { ...again, withSavepoints: true }
    if (meaning === 'transient' && attempt < MAX_ATTEMPTS) return { ...again, pauseMs: 10 * attempt }
    const message = `the commit failed: ${errorMessage(error)}`
    return meaning === 'transient' || meaning === 'timeout'
      ? new DatabaseBusyError(message, { cause: error })
      : new DatabaseError(message, { cause: error })
  }

  /** @throws DatabaseUnavailableError when it has been away for too long. */
  async #waitForServer(deadlineMs: number, cause: unknown): Promise<void> {
    const pauseMs = this.#session.pauseMs
    if (this.#clock.monotonic() + pauseMs > deadlineMs) {
      throw new DatabaseUnavailableError('the database cannot be reached', { cause })
    }
    await this.#clock.sleep(pauseMs)
  }

  /** Rejects the entries that hold a statement which the server does not understand. */
  async #withoutBroken(batch: readonly PendingEntry[]): Promise<readonly PendingEntry[]> {
    const unknown = new Map<number, BoundWrite>()
    for (const { entry } of batch) {
      for (const statement of entry.statements) {
        if (!this.#shapes.has(statement.query.id)) unknown.set(statement.query.id, statement)
      }
    }
    if (unknown.size > 0) await Promise.all([...unknown.values()].map((statement) => this.#learn(statement)))
    return this.#broken.size === 0 ? batch : batch.filter((pending) => !this.#rejectBroken(pending))
  }

  #rejectBroken({ entry, reject }: PendingEntry): boolean {
    const error = entry.statements.map(({ query }) => this.#broken.get(query.id)).find((known) => known !== undefined)
    if (error !== undefined) reject(error)
    return error !== undefined
  }

  async #learn({ query }: BoundWrite): Promise<void> {
    try {
      this.#shapes.set(query.id, new StatementShape(query, await describeStatement(this.#pool, query.sql)))
    } catch (error) {
      if (!(error instanceof DatabaseError) && meaningOf(error) !== 'statement') throw error
      this.#broken.set(query.id, new DatabaseError(`${query.name}: ${errorMessage(error)}`, { cause: error }))
    }
  }

  #shape({ query }: BoundWrite): StatementShape {
    const shape = this.#shapes.get(query.id)
    if (shape === undefined) throw new Error(`${query.name} has not been described`)
    return shape
  }

  #decode(outcome: string, batch: readonly PendingEntry[]): BatchOutcome {
    return decodeOutcome(outcome, batch, (statement) => this.#shape(statement))
  }
}
