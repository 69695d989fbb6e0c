import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Row, SqlValue } from '../database.ts'
import type { BatchOutcome } from '../batch-outcome.ts'
import type { Batch, NewStatement } from './messages.ts'

/** SQLite's primary result codes that say something about a statement, and nothing about the database. */
const STATEMENT_ERRORS: ReadonlySet<number> = new Set([
  1, // SQLITE_ERROR: bad SQL, no such table
  18, // SQLITE_TOOBIG
  19, // SQLITE_CONSTRAINT
  20, // SQLITE_MISMATCH
  25, // SQLITE_RANGE
])

interface Statement extends NewStatement {
  prepared: StatementSync | undefined
}

interface Outcome {
  statements: number
  rowsChanged: number[]
  refused: { entry: number; statement: number }[]
  failed: { entry: number; statement: number; error: unknown }[]
  returned: { entry: number; statement: number; rows: readonly Row[] }[]
}

/** Thrown to run a batch again with savepoints. */
class NeedsSavepoints extends Error {}

/** Executes batches on the one connection that writes: each is one transaction. */
export class BatchExecutor {
  readonly #connection: DatabaseSync
  readonly #statements: (Statement | undefined)[] = []
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #savepoint: StatementSync
  readonly #release: StatementSync
  readonly #undo: StatementSync
  readonly #position: StatementSync
  readonly #advance: StatementSync

  constructor(connection: DatabaseSync) {
    this.#connection = connection
    this.#begin = connection.prepare('BEGIN IMMEDIATE')
    this.#commit = connection.prepare('COMMIT')
    this.#savepoint = connection.prepare('SAVEPOINT entry')
    this.#release = connection.prepare('RELEASE entry')
    this.#undo = connection.prepare('ROLLBACK TO entry')
    this.#position = connection.prepare('SELECT position FROM stream WHERE id = 1')
    this.#advance = connection.prepare('UPDATE stream SET position = position + ? WHERE id = 1 RETURNING position')
  }

  /** The stream position as committed. */
  position(): number {
    const position = this.#position.get()?.['position']
    if (typeof position !== 'number') throw new Error('the table stream has no row')
    return position
  }

  /**
   * Commits a batch, without those of its entries that are refused or fail.
   * @throws what the engine threw if the batch as a whole could not be committed: nothing of it has been done.
   */
  execute(batch: Batch): BatchOutcome {
    for (const statement of batch.newStatements) this.#statements[statement.id] = { ...statement, prepared: undefined }
    try {
      // A savepoint makes SQLite keep a copy of each page an entry changes (measured: a quarter of the batch's time),
      // and all but no entry needs to be undone halfway. So a batch goes without them; the rare one that needs them is
      // started again.
      return this.#transaction(batch, false)
    } catch (error) {
      if (!(error instanceof NeedsSavepoints)) throw error
      return this.#transaction(batch, true)
    }
  }

  #transaction(batch: Batch, withSavepoints: boolean): BatchOutcome {
    this.#begin.run()
    try {
      const before = this.position()
      const outcome: Outcome = { statements: 0, rowsChanged: [], refused: [], failed: [], returned: [] }
      const taken = this.#entries(batch, before, withSavepoints, outcome)
      if (taken > 0 && this.#advance.get(taken)?.['position'] !== before + taken) {
        throw new Error('the stream position moved within a transaction')
      }
      this.#commit.run()
      return { ...outcome, position: before }
    } catch (error) {
      // On a full disk SQLite may have rolled back by itself.
      if (this.#connection.isTransaction) this.#connection.exec('ROLLBACK')
      throw error
    }
  }

  /** Runs all entries and returns how many positions they took. */
  #entries({ entries, program, values }: Batch, before: number, withSavepoints: boolean, outcome: Outcome): number {
    let word = 0
    let value = 0
    let taken = 0
    for (let entry = 0; entry < entries; entry += 1) {
      const statements = program[word] ?? 0
      const positions = program[word + 1] ?? 0
      word += 2
      const returnedBefore = outcome.returned.length
      let changed = 0
      let isStopped = false
      if (withSavepoints) this.#savepoint.run()
      for (let index = 0; index < statements; index += 1) {
        const statement = this.#statement(program[word] ?? -1)
        const isGuard = program[word + 1] === 1
        word += 2
        const from = value
        value += statement.slots
        if (isStopped) continue
        outcome.statements += 1
        const result = this.#run(statement, values, from, before + taken)
        if ('error' in result) outcome.failed.push({ entry, statement: index, error: result.error })
        else {
          if (statement.kind === 'write') changed += result.touched
          if (isGuard && result.touched !== 1) outcome.refused.push({ entry, statement: index })
          else {
            if (statement.returnsRows) outcome.returned.push({ entry, statement: index, rows: result.rows })
            continue
          }
        }
        isStopped = true
        if (withSavepoints) this.#undo.run()
        else if (changed > 0) throw new NeedsSavepoints()
        outcome.returned.length = returnedBefore
      }
      if (withSavepoints) this.#release.run()
      outcome.rowsChanged.push(isStopped ? 0 : changed)
      if (!isStopped) taken += positions
    }
    return taken
  }

  #statement(id: number): Statement {
    const statement = this.#statements[id]
    if (statement === undefined) throw new Error(`the writer does not know statement ${id}`)
    return statement
  }

  /** Runs one statement: how many rows it changed or returned. An error that concerns the whole database is thrown, one of the statement's own returned. */
  #run(
    statement: Statement,
    values: Batch['values'],
    from: number,
    lastPosition: number,
  ): { touched: number; rows: readonly Row[] } | { error: unknown } {
    const bound: SqlValue[] = []
    for (let index = from; index < from + statement.slots; index += 1) {
      const value = values[index] ?? null
      bound.push(typeof value === 'bigint' ? lastPosition + 1 + Number(value) : value)
    }
    try {
      statement.prepared ??= this.#connection.prepare(statement.sql)
      if (!statement.returnsRows) return { touched: Number(statement.prepared.run(...bound).changes), rows: [] }
      const rows = statement.prepared.all(...bound).map(toRow)
      return { touched: rows.length, rows }
    } catch (error) {
      if (this.#connection.isTransaction && isStatementError(error)) return { error }
      throw error
    }
  }
}

/** Rows come without a prototype and possibly with bigints; neither happens to those that leave. */
function toRow(row: Record<string, unknown>): Row {
  const plain: Record<string, SqlValue> = {}
  for (const [column, value] of Object.entries(row)) {
    if (value === null || typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array) {
      plain[column] = value
    } else throw new Error(`column ${column} holds a ${typeof value}`)
  }
  return plain
}

function isStatementError(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  // Without an SQLite code it comes from the binding: a value of the wrong kind, an integer beyond 2^53.
  if (!('errcode' in error) || typeof error.errcode !== 'number') return true
  return STATEMENT_ERRORS.has(error.errcode & 0xff)
}
