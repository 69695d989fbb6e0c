import type { BuildQuery } from '../build-query.ts'
import type {
  AnyQuery,
  Database,
  DatabaseCounts,
  DatabaseObserver,
  DatabaseSurroundings,
  NoParameters,
  ParameterValue,
  Query,
  QueryOptions,
  ScanOptions,
  SqlValue,
  WriteEntry,
  WriteResult,
} from '../database.ts'
import { DatabaseError, DatabaseUnavailableError } from '../errors.ts'
import { QueryCompiler, readValues, typedRows } from '../query.ts'
import type { PendingEntry } from '../pending-entry.ts'
import { BoundedReader } from './bounded-reader.ts'
import { ReaderPool, type ScanReply } from './reader-pool.ts'
import { sqliteQueryDialect } from './sqlite-dialect.ts'
import { DEFAULT_WRITE_LIMITS, type WriteLimits, WriteQueue } from '../write-queue.ts'
import { Writer } from './writer.ts'

const MIB = 1_048_576
const DEFAULT_SCAN_TIME_LIMIT_MS = 60_000

// A checkpoint delays the commit that triggers it, the more the rarer it comes. Measured with 32 writers, synchronous
// FULL: every 4 MiB 6,700 entries/s and at most 28 ms, 16 MiB 10,100 and 18 ms, 64 MiB 11,100 and 72 ms.
const DEFAULT_CHECKPOINT_BYTES = 16 * MIB

/** How a database file is opened. What is left out has a default that suits a server. */
export interface SqliteDatabaseOptions extends DatabaseSurroundings {
  readonly path: string
  /** The folder of migrations. */
  readonly migrations: URL
  /** The module whose functions turn rows into JSON for `scanJson`, each `(row) => string`. Loaded in reader threads. */
  readonly formatters?: URL
  readonly observer?: DatabaseObserver
  /** Called once if the writer thread dies: nothing can be written any more, the process had better end. */
  readonly onFatal?: (error: DatabaseError) => void
  readonly readerThreads?: number
  readonly maxQueuedScans?: number
  readonly scanTimeLimitMs?: number
  readonly writeLimits?: Partial<WriteLimits>
  /** At most, of each connection: the main one, the writer's and the readers'. */
  readonly pageCacheBytes?: number
  /** How long the write-ahead log grows before it is copied into the database. */
  readonly checkpointBytes?: number
}

/** A database in an SQLite file: one thread writes, a few scan, the main thread reads what is small. */
export class SqliteDatabase<S> implements Database<S> {
  readonly #options: SqliteDatabaseOptions
  readonly #compiler = new QueryCompiler<S>(sqliteQueryDialect)
  readonly #writer: Writer
  readonly #readers: ReaderPool
  readonly #main: BoundedReader
  readonly #queue: WriteQueue
  readonly #counts = { statements: 0, rowsWritten: 0, batches: 0, reads: 0, scans: 0 }
  #closing: Promise<void> | undefined

  private constructor(options: SqliteDatabaseOptions, writer: Writer, readers: ReaderPool, main: BoundedReader) {
    this.#options = options
    this.#writer = writer
    this.#readers = readers
    this.#main = main
    this.#queue = new WriteQueue({ ...DEFAULT_WRITE_LIMITS, ...options.writeLimits }, (batch) => this.#commit(batch))
    void writer.lost.then((error) => {
      this.#queue.fail(error)
      options.onFatal?.(error)
    })
  }

  /**
   * Opens the database, creating the file if there is none, and brings its schema up to date.
   * @throws MigrationError if it cannot be; DatabaseError if the file or the formatters cannot be opened.
   */
  static async open<S>(options: SqliteDatabaseOptions): Promise<SqliteDatabase<S>> {
    const { path, pageCacheBytes = 32 * MIB } = options
    const writer = await Writer.open({
      path,
      migrationsUrl: options.migrations.href,
      synchronous: options.synchronous ?? 'FULL',
      pageCacheBytes,
      checkpointBytes: options.checkpointBytes ?? DEFAULT_CHECKPOINT_BYTES,
    })
    let main: BoundedReader | undefined
    try {
      // Only after the writer: it has made the file, and what belongs to its write-ahead log.
      main = new BoundedReader({ path, pageCacheBytes, strict: options.strictReads ?? false })
      const readers = await ReaderPool.open(
        { path, formattersUrl: options.formatters?.href, pageCacheBytes },
        { threads: options.readerThreads ?? 1, queuedScans: options.maxQueuedScans ?? 256 },
      )
      return new SqliteDatabase<S>(options, writer, readers, main)
    } catch (error) {
      main?.close()
      await writer.close()
      throw error
    }
  }

  query<P extends { readonly [K in keyof P]: ParameterValue } = NoParameters>(
    options: QueryOptions = {},
  ): <R>(build: BuildQuery<S, P, R>) => Query<P, R> {
    return (build) => this.#compiler.compile(build, options)
  }

  async all<P, R>(query: Query<P, R>, parameters: NoInfer<P>): Promise<R[]> {
    this.#checkRead(query)
    const startedMs = performance.now()
    const rows = this.#main.all(query, readValues(query, parameters))
    this.#readFinished(query, rows.length, startedMs)
    return typedRows(query, rows)
  }

  async first<P, R>(query: Query<P, R>, parameters: NoInfer<P>): Promise<R | undefined> {
    this.#checkRead(query)
    const startedMs = performance.now()
    const row = this.#main.first(query, readValues(query, parameters))
    this.#readFinished(query, row === undefined ? 0 : 1, startedMs)
    return row === undefined ? undefined : typedRows(query, [row])[0]
  }

  async scan<P, R>(query: Query<P, R>, parameters: NoInfer<P>, options: ScanOptions = {}): Promise<R[]> {
    const reply = await this.#scan(query, readValues(query, parameters), undefined, options)
    if (reply.kind !== 'rows') throw new Error(`a reader answered a scan with ${reply.kind}`)
    const { columns } = reply
    return typedRows(
      query,
      reply.rows.map((values) => {
        const row: Record<string, SqlValue> = {}
        for (let index = 0; index < columns.length; index += 1) row[columns[index] ?? ''] = values[index] ?? null
        return row
      }),
    )
  }

  async scanJson<P, R>(
    query: Query<P, R>,
    parameters: NoInfer<P>,
    formatter: string,
    options: ScanOptions = {},
  ): Promise<string> {
    const reply = await this.#scan(query, readValues(query, parameters), formatter, options)
    if (reply.kind !== 'json') throw new Error(`a reader answered a scan for JSON with ${reply.kind}`)
    return reply.json
  }

  async write(entry: WriteEntry): Promise<WriteResult> {
    for (const { query } of entry.statements) this.#compiler.check(query)
    return this.#queue.add(entry)
  }

  position(): number {
    return this.#writer.position
  }

  queries(): readonly AnyQuery[] {
    return this.#compiler.queries
  }

  counts(): DatabaseCounts {
    return { ...this.#counts }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  /** One process has the database: everybody else who writes is refused by the file's lock. */
  onAdvance(): void {}

  settled(): Promise<void> {
    return this.#queue.settled()
  }

  /** The connection's pragmas, read from it: `synchronous` (2 is FULL) and others. */
  writerSettings(): Promise<Readonly<Record<string, SqlValue>>> {
    return this.#writer.pragmas()
  }

  /**
   * Whether a query reads a whole table: the step of SQLite's query plan that does so, undefined if none does, or the
   * query is marked a scan or has a limit that ends it early. For tests of stores.
   */
  explainUnbounded(query: AnyQuery): string | undefined {
    this.#compiler.check(query)
    return query.isScan ? undefined : this.#main.unboundedStep(query)
  }

  #checkRead(query: AnyQuery): void {
    this.#compiler.check(query)
    if (this.#closing !== undefined) throw new DatabaseUnavailableError('the database is closed')
    if (query.isScan) throw new DatabaseError(`${query.name} is marked a scan: it may not run on the main connection`)
    if (query.kind === 'write') throw new DatabaseError(`${query.name} writes: it must be part of an entry`)
  }

  #readFinished(query: AnyQuery, rows: number, startedMs: number): void {
    this.#counts.reads += 1
    this.#options.observer?.readFinished?.({ query, rows, durationMs: performance.now() - startedMs, kind: 'read' })
  }

  async #scan(
    query: AnyQuery,
    values: readonly SqlValue[],
    formatter: string | undefined,
    { timeLimitMs = this.#options.scanTimeLimitMs ?? DEFAULT_SCAN_TIME_LIMIT_MS }: ScanOptions,
  ): Promise<ScanReply> {
    this.#compiler.check(query)
    const startedMs = performance.now()
    const reply = await this.#readers.scan({ name: query.name, sql: query.sql, values, formatter, timeLimitMs })
    const rows = reply.kind === 'rows' ? reply.rows.length : reply.rowCount
    this.#counts.scans += 1
    this.#options.observer?.readFinished?.({ query, rows, durationMs: performance.now() - startedMs, kind: 'scan' })
    return reply
  }

  async #commit(batch: readonly PendingEntry[]): Promise<void> {
    await this.#options.commitGate?.()
    const startedMs = performance.now()
    const outcome = await this.#writer.commit(batch)
    if (outcome === undefined) return
    this.#counts.batches += 1
    this.#counts.statements += outcome.statements
    for (const rows of outcome.rowsChanged) this.#counts.rowsWritten += rows
    this.#options.observer?.batchCommitted?.({
      entries: batch.length,
      statements: outcome.statements,
      durationMs: performance.now() - startedMs,
    })
  }

  async #close(): Promise<void> {
    await this.#queue.close()
    await this.#readers.close()
    this.#main.close()
    // Last, so that closing this connection copies the write-ahead log into the database and removes it.
    await this.#writer.close()
  }
}
