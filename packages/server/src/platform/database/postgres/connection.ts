import { Client, type ClientConfig, Pool } from 'pg'
import { columnTypes } from './values.ts'

/** Where a PostgreSQL database is, and as whom to connect. */
export type PostgresConnection = Pick<
  ClientConfig,
  'host' | 'port' | 'user' | 'password' | 'database' | 'connectionString' | 'ssl' | 'application_name'
>

/** How long making a connection may take, and waiting for one of the pool. */
export const CONNECT_TIMEOUT_MS = 5_000

/** A connection of a pool that nobody needs is closed after that long. */
const IDLE_TIMEOUT_MS = 60_000

function settings(connection: PostgresConnection): ClientConfig {
  return {
    application_name: 'magik',
    ...connection,
    types: columnTypes,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: 30_000,
  }
}

/**
 * A single connection, not made yet. What has been sent once is not waited for before the next is sent when
 * `pipeline` is set.
 */
export function singleConnection(
  connection: PostgresConnection,
  options: { readonly pipeline?: boolean; readonly answerTimeoutMs: number },
): Client {
  const client = new Client({
    ...settings(connection),
    pipeline: options.pipeline ?? false,
    query_timeout: options.answerTimeoutMs,
  })
  // The connection is made anew when it is next needed: what was under way is told by its own rejection.
  client.on('error', () => {})
  return client
}

/** A pool of connections. Nothing is asked of a session outside of one statement or transaction, so a pooler may stand in between. */
export function connectionPool(
  connection: PostgresConnection,
  options: { readonly max: number; readonly answerTimeoutMs: number },
): Pool {
  const pool = new Pool({
    ...settings(connection),
    max: options.max,
    idleTimeoutMillis: IDLE_TIMEOUT_MS,
    query_timeout: options.answerTimeoutMs,
  })
  pool.on('error', () => {})
  return pool
}
