import type { BuildQuery } from './build-query.ts'

/** What a column can hold. Booleans are stored as 0 and 1; integers are safe ones (at most 2^53 - 1 either way). */
export type SqlValue = string | number | Uint8Array | null

/** What a named parameter can be: a value, or a list to compare with (see `inList`). */
export type ParameterValue = SqlValue | readonly string[] | readonly number[]

/** A row as the engine returns it, by column name. */
export type Row = Readonly<Record<string, SqlValue>>

/** The parameters of a query that has none. */
export type NoParameters = Record<never, never>

/** Stands in a write's parameters for one of the stream positions that the commit gives its entry. */
export interface PositionMarker {
  readonly positionIndex: number
}

/** A parameter of a write: its value, or a position known only once it is committed. */
export type Parameter<T> = T | PositionMarker

/** A write's parameters: wherever a number is expected, a position marker may stand. */
export type WriteParameters<P> = {
  readonly [K in keyof P]: number extends P[K] ? Parameter<P[K]> : P[K]
}

/** What fills a placeholder of a compiled query, in order of the placeholders. */
export type QuerySlot =
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'constant'; readonly value: SqlValue }

/** A statement compiled once, to be executed any number of times with parameters `P` and rows `R`. */
export interface Query<P, R> {
  /** Counts up from 0 within one database. */
  readonly id: number
  /** What metrics and error messages call it. */
  readonly name: string
  readonly sql: string
  readonly slots: readonly QuerySlot[]
  /** Whether it selects, or changes rows. */
  readonly kind: 'read' | 'write'
  /** Whether it yields rows: selects, and writes with RETURNING. */
  readonly returnsRows: boolean
  /** Marked as unbounded: runs in reader threads only. */
  readonly isScan: boolean
  /** How the engine takes a list parameter: as one value. */
  readonly encodeList: (list: readonly unknown[]) => SqlValue
  /** Never set: carries the types. */
  readonly types?: (parameters: P) => R
}

/** A query of whatever types. */
export type AnyQuery = Query<never, unknown>

/** How a query is known and run. */
export interface QueryOptions {
  readonly name?: string
  /** Marks a read whose number of rows has no small bound: `all` and `first` refuse it. A write may be marked too. */
  readonly scan?: boolean
}

/** A statement of a write with its parameters; made by `bind`. */
export interface BoundWrite {
  readonly query: AnyQuery
  readonly values: readonly (SqlValue | PositionMarker)[]
  /** The statement must change (or return) exactly one row, else its entry is refused under this name. */
  readonly guard: string | undefined
}

/** What is committed or refused as one. */
export interface WriteEntry {
  readonly statements: readonly BoundWrite[]
  /** How many stream positions the entry takes; none by default. */
  readonly positions?: number
}

/** What became of an entry. */
export type WriteResult =
  | {
      readonly committed: true
      /** The entry's first stream position; when it takes none, the last one before it. */
      readonly position: number
      /** For each statement the rows it returned. */
      readonly rows: readonly (readonly Row[])[]
      /** How many rows the entry's statements inserted, updated and deleted. */
      readonly rowsChanged: number
    }
  | {
      readonly committed: false
      /** The guard that refused the entry. Nothing of it has been done. */
      readonly guard: string
    }

/** Limits of one scan. */
export interface ScanOptions {
  /** The scan fails with `ReadTimeoutError` when it takes longer. Default: the database's. */
  readonly timeLimitMs?: number
}

/** What has been done since the database was opened, for tests that count work. */
export interface DatabaseCounts {
  /** Statements executed by writes, those of refused entries included. */
  readonly statements: number
  /** Rows inserted, updated and deleted by committed entries. */
  readonly rowsWritten: number
  readonly batches: number
  readonly reads: number
  readonly scans: number
}

/** Hears what the database does, for metrics. Must not throw. */
export interface DatabaseObserver {
  /** A batch of entries has become durable (or has been refused as a whole by the guards). */
  batchCommitted?(batch: { entries: number; statements: number; durationMs: number }): void
  readFinished?(read: { query: AnyQuery; rows: number; durationMs: number; kind: 'read' | 'scan' }): void
}

/** How a database treats its users, whatever the engine; for tests. */
export interface DatabaseSurroundings {
  /** FULL (the default) makes what is acknowledged survive a power cut. */
  readonly synchronous?: 'FULL' | 'OFF'
  /** Refuses a bounded read that returns more than 100 rows. */
  readonly strictReads?: boolean
  /** Awaited between gathering a batch and committing it. */
  readonly commitGate?: () => Promise<void>
}

/** How many rows a bounded read may return. */
export const MAX_BOUNDED_ROWS = 100

/**
 * A database of schema `S` (an interface of tables as Kysely has it). Asynchronous whatever the engine, so that one can
 * replace another without changing a caller.
 */
export interface Database<S> {
  /**
   * Compiles a query; done once, by the store that owns the tables:
   *
   *     database.query<{ userId: string }>()((q, p) =>
   *       q.selectFrom('users').select('user_nid').where('user_id', '=', p.userId))
   */
  query<P extends { readonly [K in keyof P]: ParameterValue } = NoParameters>(
    options?: QueryOptions,
  ): <R>(build: BuildQuery<S, P, R>) => Query<P, R>

  /**
   * Reads all rows of a query that is bounded to 100 rows by an index or a limit.
   * @throws DatabaseError if the query is marked a scan, or the engine refuses it.
   */
  all<P, R>(query: Query<P, R>, parameters: NoInfer<P>): Promise<R[]>

  /** Reads the first row of a bounded query. */
  first<P, R>(query: Query<P, R>, parameters: NoInfer<P>): Promise<R | undefined>

  /**
   * Reads any number of rows beside the main thread.
   * @throws DatabaseBusyError if too many scans wait; ReadTimeoutError if it takes too long.
   */
  scan<P, R>(query: Query<P, R>, parameters: NoInfer<P>, options?: ScanOptions): Promise<R[]>

  /**
   * Like `scan`, but each row becomes JSON there.
   * @param formatter names a function of the module of formatters that the database was opened with.
   * @returns a JSON array as text.
   */
  scanJson<P, R>(query: Query<P, R>, parameters: NoInfer<P>, formatter: string, options?: ScanOptions): Promise<string>

  /**
   * Commits an entry together with whatever else has gathered, and resolves once it is durable, or refused by one of
   * its guards. Entries keep their order of arrival: they are executed, numbered and answered in it. A refused entry
   * leaves nothing behind and does not disturb the others.
   * @throws DatabaseBusyError if too much is waiting to be written.
   * @throws DatabaseError if a statement fails (this entry alone is undone), or the commit does (as when the disk is
   *   full: nothing of the whole batch is done).
   * @throws DatabaseUnavailableError if the database is closed or has lost its writer.
   */
  write(entry: WriteEntry): Promise<WriteResult>

  /** The stream position of the last commit that has been answered. */
  position(): number

  /**
   * Hears that another process may have committed: the stream has reached at least `position`. Called often, also with
   * positions already heard of; never by an engine whose database has but one process. Must not throw.
   */
  onAdvance(listener: (position: number) => void): void

  /**
   * Resolves once everything that is being committed at the moment has been answered: what a read has found and no
   * answer has told of by then is another process's.
   */
  settled(): Promise<void>

  /** What the connection that writes is set to where durability is concerned, as the engine calls it. */
  writerSettings(): Promise<Readonly<Record<string, SqlValue>>>

  /** Every query compiled so far. */
  queries(): readonly AnyQuery[]

  /** What has been done so far. */
  counts(): DatabaseCounts

  /** Waits for what is under way, then closes; what comes after is refused with `DatabaseUnavailableError`. */
  close(): Promise<void>
}
