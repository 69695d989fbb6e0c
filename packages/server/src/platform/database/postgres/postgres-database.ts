import { systemClock } from '../../clock/system-clock.ts'
import type { Clock } from '../../clock/clock.ts'
import type { BuildQuery } from '../build-query.ts'
import {
  type AnyQuery,
  type Database,
  type DatabaseCounts,
  type DatabaseObserver,
  type DatabaseSurroundings,
  MAX_BOUNDED_ROWS,
  type NoParameters,
  type ParameterValue,
  type Query,
  type QueryOptions,
  type ScanOptions,
  type SqlValue,
  type WriteEntry,
  type WriteResult,
} from '../database.ts'
import { DatabaseError, DatabaseUnavailableError, errorMessage } from '../errors.ts'
import type { PendingEntry } from '../pending-entry.ts'
import { QueryCompiler, readValues, typedRows } from '../query.ts'
import { DEFAULT_WRITE_LIMITS, type WriteLimits, WriteQueue } from '../write-queue.ts'
import { BatchWriter } from './batch-writer.ts'
import { type PostgresConnection, singleConnection } from './connection.ts'
import { describeStatement } from './describe-statement.ts'
import { loadFormatters, type RowFormatters } from './formatters.ts'
import { migrate } from './migrator.ts'
import { PositionWatch } from './position-watch.ts'
import { postgresQueryDialect } from './postgres-dialect.ts'
import { ReadPool, ScanPool } from './read-pool.ts'
import { checkServer } from './server-checks.ts'
import { WriterSession } from './writer-session.ts'

const DEFAULT_SCAN_TIME_LIMIT_MS = 60_000

/** A migration may rebuild a large table. */
const MIGRATION_TIMEOUT_MS = 24 * 60 * 60_000

/** How a PostgreSQL database is opened. What is left out has a default that suits a server. */
export interface PostgresDatabaseOptions extends DatabaseSurroundings {
  readonly connection: PostgresConnection
  /** The folder of migrations. */
  readonly migrations: URL
  /** Never the same in two processes that share a database. */
  readonly randomBytes: (count: number) => Uint8Array
  /** The module whose functions turn rows into JSON for `scanJson`, each `(row) => string`. */
  readonly formatters?: URL
  readonly observer?: DatabaseObserver
  /** Hears of what an administrator should change. */
  readonly onWarning?: (message: string) => void
  /** Connections for bounded reads; writes, scans and wake-ups have a few more. */
  readonly maxConnections?: number
  readonly scanConnections?: number
  readonly maxQueuedScans?: number
  readonly scanTimeLimitMs?: number
  readonly writeLimits?: Partial<WriteLimits>
  /** See `ReadPoolOptions`; off by default. */
  readonly preparedStatements?: boolean
  /** See `PositionWatchOptions`; on by default. */
  readonly wakeUps?: boolean
  readonly allowUnsafeLocale?: boolean
  readonly clock?: Clock
}

interface Parts {
  readonly session: WriterSession
  readonly writer: BatchWriter
  readonly reads: ReadPool
  readonly scans: ScanPool
  readonly watch: PositionWatch
  readonly formatters: RowFormatters
}

/** A database in PostgreSQL, which other processes may share: one connection writes, pools of them read and scan. */
export class PostgresDatabase<S> implements Database<S> {
  readonly #options: PostgresDatabaseOptions
  readonly #compiler = new QueryCompiler<S>(postgresQueryDialect)
  readonly #parts: Parts
  readonly #queue: WriteQueue
  readonly #counts = { statements: 0, rowsWritten: 0, batches: 0, reads: 0, scans: 0 }
  #closing: Promise<void> | undefined

  private constructor(options: PostgresDatabaseOptions, parts: Parts) {
    this.#options = options
    this.#parts = parts
    this.#queue = new WriteQueue({ ...DEFAULT_WRITE_LIMITS, ...options.writeLimits }, (batch) => this.#commit(batch))
  }

  /**
   * Connects, checks the server and brings the schema up to date.
   * @throws MigrationError if it cannot be; DatabaseError if the server cannot be reached or relied on.
   */
  static async open<S>(options: PostgresDatabaseOptions): Promise<PostgresDatabase<S>> {
    const { connection, randomBytes, clock = systemClock } = options
    const formatters = await loadFormatters(options.formatters)
    const position = await prepare(options)
    const reads = new ReadPool({
      connection,
      maxConnections: options.maxConnections ?? 10,
      preparedStatements: options.preparedStatements ?? false,
    })
    const session = new WriterSession({ connection, clock, randomBytes })
    return new PostgresDatabase<S>(options, {
      session,
      writer: new BatchWriter({ session, pool: reads.pool, clock, position }),
      reads,
      scans: new ScanPool({
        connection,
        maxConnections: options.scanConnections ?? 2,
        queuedScans: options.maxQueuedScans ?? 256,
      }),
      watch: new PositionWatch({ connection, pool: reads.pool, clock, wakeUps: options.wakeUps ?? true }),
      formatters,
    })
  }

  query<P extends { readonly [K in keyof P]: ParameterValue } = NoParameters>(
    options: QueryOptions = {},
  ): <R>(build: BuildQuery<S, P, R>) => Query<P, R> {
    return (build) => this.#compiler.compile(build, options)
  }

  async all<P, R>(query: Query<P, R>, parameters: NoInfer<P>): Promise<R[]> {
    const rows = await this.#read(query, readValues(query, parameters))
    if (this.#options.strictReads === true && rows.length > MAX_BOUNDED_ROWS) {
      throw new DatabaseError(`${query.name} returned ${rows.length} rows: mark it a scan, or bound it`)
    }
    return typedRows(query, rows)
  }

  async first<P, R>(query: Query<P, R>, parameters: NoInfer<P>): Promise<R | undefined> {
    const rows = await this.#read(query, readValues(query, parameters), 1)
    return typedRows(query, rows)[0]
  }

  async scan<P, R>(query: Query<P, R>, parameters: NoInfer<P>, options: ScanOptions = {}): Promise<R[]> {
    return typedRows(query, await this.#scan(query, readValues(query, parameters), options))
  }

  async scanJson<P, R>(
    query: Query<P, R>,
    parameters: NoInfer<P>,
    formatter: string,
    options: ScanOptions = {},
  ): Promise<string> {
    const rows = await this.#scan(query, readValues(query, parameters), options)
    try {
      const format = this.#parts.formatters.get(formatter)
      return `[${rows.map(format).join(',')}]`
    } catch (error) {
      throw new DatabaseError(`${query.name}: ${errorMessage(error)}`, { cause: error })
    }
  }

  async write(entry: WriteEntry): Promise<WriteResult> {
    for (const { query } of entry.statements) this.#compiler.check(query)
    return this.#queue.add(entry)
  }

  position(): number {
    return this.#parts.writer.position
  }

  onAdvance(listener: (position: number) => void): void {
    this.#parts.watch.listen(listener)
  }

  settled(): Promise<void> {
    return this.#queue.settled()
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

  /** Settings of the connection that writes: `synchronous_commit`, `fsync` and others. */
  async writerSettings(): Promise<Readonly<Record<string, SqlValue>>> {
    const client = await this.#parts.session.connect()
    const { rows } = await client.query<{ name: string; setting: string }>(
      `SELECT name, setting FROM pg_settings
       WHERE name IN ('synchronous_commit', 'fsync', 'full_page_writes', 'server_version')`,
    )
    return Object.fromEntries(rows.map(({ name, setting }) => [name, setting]))
  }

  /** Has the server parse a query, without running it. For tests of stores. @throws the server's error */
  async prepareOnly(query: AnyQuery): Promise<void> {
    this.#compiler.check(query)
    await describeStatement(this.#parts.reads.pool, query.sql)
  }

  async #read(query: AnyQuery, values: readonly SqlValue[], limit = Number.POSITIVE_INFINITY) {
    this.#compiler.check(query)
    if (this.#closing !== undefined) throw new DatabaseUnavailableError('the database is closed')
    if (query.isScan) throw new DatabaseError(`${query.name} is marked a scan: it may not run on the main connection`)
    if (query.kind === 'write') throw new DatabaseError(`${query.name} writes: it must be part of an entry`)
    const startedMs = performance.now()
    const rows = await this.#parts.reads.read(query, values)
    this.#counts.reads += 1
    this.#options.observer?.readFinished?.({
      query,
      rows: Math.min(rows.length, limit),
      durationMs: performance.now() - startedMs,
      kind: 'read',
    })
    return rows
  }

  async #scan(
    query: AnyQuery,
    values: readonly SqlValue[],
    { timeLimitMs = this.#options.scanTimeLimitMs ?? DEFAULT_SCAN_TIME_LIMIT_MS }: ScanOptions,
  ) {
    this.#compiler.check(query)
    const startedMs = performance.now()
    const rows = await this.#parts.scans.scan(query, values, timeLimitMs)
    this.#counts.scans += 1
    this.#options.observer?.readFinished?.({
      query,
      rows: rows.length,
      durationMs: performance.now() - startedMs,
      kind: 'scan',
    })
    return rows
  }

  async #commit(batch: readonly PendingEntry[]): Promise<void> {
    await this.#options.commitGate?.()
    const startedMs = performance.now()
    const outcome = await this.#parts.writer.commit(batch)
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
    const { session, reads, scans, watch } = this.#parts
    const drained = this.#queue.close()
    await watch.close()
    await drained
    await scans.close()
    await reads.close()
    await session.close()
  }
}

/** Checks the server and migrates; returns the stream position. */
async function prepare(options: PostgresDatabaseOptions): Promise<number> {
  const client = singleConnection(options.connection, { answerTimeoutMs: MIGRATION_TIMEOUT_MS })
  try {
    await client.connect()
    await checkServer(client, {
      allowUnsafeLocale: options.allowUnsafeLocale ?? false,
      onWarning: options.onWarning ?? (() => {}),
    })
    await migrate(client, options.migrations)
    const { rows } = await client.query<{ position: number }>('SELECT position FROM stream WHERE id = 1')
    const position = rows[0]?.position
    if (position === undefined) throw new DatabaseError('the table stream has no row')
    return position
  } catch (error) {
    if (error instanceof DatabaseError) throw error
    throw new DatabaseError(`the PostgreSQL database cannot be opened: ${errorMessage(error)}`, { cause: error })
  } finally {
    await client.end().catch(() => undefined)
  }
}
