import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { type AnyQuery, MAX_BOUNDED_ROWS, type SqlValue } from '../database.ts'
import { DatabaseError, errorMessage } from '../errors.ts'

const BUSY_TIMEOUT_MS = 10_000

/** How the main thread's connection is opened. */
export interface BoundedReaderOptions {
  readonly path: string
  readonly pageCacheBytes: number
  /** Refuses results of more than `MAX_BOUNDED_ROWS`. */
  readonly strict: boolean
}

/** Reads on the main thread, which waits meanwhile: for what an index bounds to a few rows. */
export class BoundedReader {
  readonly #connection: DatabaseSync
  readonly #strict: boolean
  readonly #statements: (StatementSync | undefined)[] = []

  constructor(options: BoundedReaderOptions) {
    this.#strict = options.strict
    this.#connection = new DatabaseSync(options.path, {
      readOnly: true,
      timeout: BUSY_TIMEOUT_MS,
      enableDoubleQuotedStringLiterals: false,
    })
    this.#connection.exec(`PRAGMA cache_size = -${Math.ceil(options.pageCacheBytes / 1024)}`)
  }

  all(query: AnyQuery, values: readonly SqlValue[]): readonly unknown[] {
    const rows = this.#run(query, (statement) => statement.all(...values))
    if (this.#strict && rows.length > MAX_BOUNDED_ROWS) {
      throw new DatabaseError(`${query.name} returned ${rows.length} rows: mark it a scan, or bound it`)
    }
    return rows
  }

  first(query: AnyQuery, values: readonly SqlValue[]): unknown {
    return this.#run(query, (statement) => statement.get(...values))
  }

  /** The step of the query plan that reads a whole table, if one does and no limit ends it early. */
  unboundedStep(query: AnyQuery): string | undefined {
    const plan = this.#connection
      .prepare(`EXPLAIN QUERY PLAN ${query.sql}`)
      .all(...query.slots.map(() => null))
      .map((row) => String(row['detail']))
    // What a step of the same plan yields is judged by that step; json_each is a list parameter.
    const derived = new Set(plan.map((step) => /^(?:CO-ROUTINE|MATERIALIZE) (\S+)/.exec(step)?.[1]))
    const wholeTable = plan.find((step) => {
      const name = /^SCAN (\S+)/.exec(step)?.[1]
      return name !== undefined && !derived.has(name) && !/^SCAN (CONSTANT ROW|\(|\S+ VIRTUAL TABLE)/.test(step)
    })
    if (wholeTable === undefined) return undefined
    const endsEarly = /\blimit\b/i.test(query.sql) && !plan.some((step) => step.startsWith('USE TEMP B-TREE'))
    return endsEarly ? undefined : wholeTable
  }

  close(): void {
    this.#connection.close()
  }

  #run<T>(query: AnyQuery, run: (statement: StatementSync) => T): T {
    try {
      let statement = this.#statements[query.id]
      if (statement === undefined) {
        statement = this.#connection.prepare(query.sql)
        this.#statements[query.id] = statement
      }
      return run(statement)
    } catch (error) {
      throw new DatabaseError(`${query.name}: ${errorMessage(error)}`, { cause: error })
    }
  }
}
