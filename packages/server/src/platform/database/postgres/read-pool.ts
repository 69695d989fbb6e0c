import type { Pool, PoolClient } from 'pg'
import type { AnyQuery, SqlValue } from '../database.ts'
import { DatabaseBusyError, DatabaseUnavailableError } from '../errors.ts'
import { type PostgresConnection, connectionPool } from './connection.ts'
import { isRowError, meaningOf, readError } from './postgres-errors.ts'
import { toParameter } from './values.ts'

/** A bounded read that takes longer than this will not come to a good end. */
const READ_TIMEOUT_MS = 15_000

/** Most reads that wait for a connection. */
const MAX_WAITING_READS = 5_000

/** A read meets at most so many connections that have died unnoticed. */
const MAX_DEAD_CONNECTIONS = 3

/** A connection that had died before it was asked says so at once. */
const DEAD_ON_ARRIVAL_MS = 1_000

/** How reads are run. */
export interface ReadPoolOptions {
  readonly connection: PostgresConnection
  readonly maxConnections: number
  /** Plans statements once per connection, by name: faster, but not through a pooler that lends connections per transaction. */
  readonly preparedStatements: boolean
}

/** Reads that an index bounds to a few rows. */
export class ReadPool {
  readonly pool: Pool
  readonly #preparedStatements: boolean

  constructor(options: ReadPoolOptions) {
    this.#preparedStatements = options.preparedStatements
    this.pool = connectionPool(options.connection, { max: options.maxConnections, answerTimeoutMs: READ_TIMEOUT_MS })
  }

  /** @throws DatabaseError; DatabaseBusyError; DatabaseUnavailableError. */
  async read(query: AnyQuery, values: readonly SqlValue[]): Promise<readonly unknown[]> {
    if (this.pool.waitingCount >= MAX_WAITING_READS) throw new DatabaseBusyError('too many reads are waiting')
    const config = {
      text: query.sql,
      values: values.map(toParameter),
      ...(this.#preparedStatements && { name: `magik-${query.id}` }),
    }
    const startedMs = performance.now()
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await this.pool.query<Record<string, SqlValue>>(config)).rows
      } catch (error) {
        const isDead = meaningOf(error) === 'connection' && !isRowError(error)
        const isLate = performance.now() - startedMs > DEAD_ON_ARRIVAL_MS
        if (!isDead || isLate || attempt === MAX_DEAD_CONNECTIONS) throw readError(query.name, error)
      }
    }
  }

  /** Waits for the reads under way, then closes the connections. */
  close(): Promise<void> {
    return this.pool.end()
  }
}

/** Size of the pool and bound of its queue. */
export interface ScanPoolOptions {
  readonly connection: PostgresConnection
  readonly maxConnections: number
  readonly queuedScans: number
}

/** The longest that any scan may take; the server ends it sooner where it was given less. */
const LONGEST_SCAN_MS = 10 * 60_000

/** Reads of any number of rows, on connections of their own so that they keep nobody waiting. */
export class ScanPool {
  readonly #pool: Pool
  readonly #options: ScanPoolOptions
  #underway = 0
  #isClosed = false

  constructor(options: ScanPoolOptions) {
    this.#options = options
    this.#pool = connectionPool(options.connection, {
      max: options.maxConnections,
      answerTimeoutMs: LONGEST_SCAN_MS,
    })
  }

  /** @throws DatabaseBusyError, ReadTimeoutError; DatabaseError if the statement fails. */
  async scan(query: AnyQuery, values: readonly SqlValue[], timeLimitMs: number): Promise<readonly unknown[]> {
    if (this.#isClosed) throw new DatabaseUnavailableError('the database is closed')
    if (this.#underway >= this.#options.queuedScans + this.#options.maxConnections) {
      throw new DatabaseBusyError('too many scans are waiting')
    }
    this.#underway += 1
    try {
      return await this.#scan(query, values, timeLimitMs)
    } catch (error) {
      throw readError(query.name, error)
    } finally {
      this.#underway -= 1
    }
  }

  /** Waits for the scans under way, then closes the connections. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#pool.end()
  }

  async #scan(query: AnyQuery, values: readonly SqlValue[], timeLimitMs: number): Promise<readonly unknown[]> {
    const limit = Math.max(1, Math.min(Math.ceil(timeLimitMs), LONGEST_SCAN_MS))
    const client = await this.#begin(`BEGIN READ ONLY; SET LOCAL statement_timeout = ${limit}`)
    try {
      const { rows } = await client.query<Record<string, SqlValue>>(query.sql, values.map(toParameter))
      await client.query('COMMIT')
      client.release()
      return rows
    } catch (error) {
      // A connection that still answers is as good as new once its transaction has ended.
      const isSound = await client.query('ROLLBACK').then(
        () => true,
        () => false,
      )
      client.release(!isSound)
      throw error
    }
  }

  /** A connection in a transaction of its own; ones that have died unnoticed are passed over. */
  async #begin(statements: string): Promise<PoolClient> {
    for (let attempt = 1; ; attempt += 1) {
      const client = await this.#pool.connect()
      try {
        await client.query(statements)
        return client
      } catch (error) {
        client.release(true)
        if (meaningOf(error) !== 'connection' || attempt === MAX_DEAD_CONNECTIONS) throw error
      }
    }
  }
}
