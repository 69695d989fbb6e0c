import { readFile } from 'node:fs/promises'
import type { Client } from 'pg'
import { errorMessage, MigrationError } from '../errors.ts'
import { type Migration, outstandingMigrations, readMigrations } from '../migration-files.ts'

/** Of the lock that servers which start at once take in turn; any number will do, so long as nobody else uses it. */
const MIGRATION_LOCK = 5_216_177_402_113

/** How long a server that starts waits for another one that migrates. */
const LOCK_TIMEOUT_MS = 10 * 60_000

/** What the driver itself needs, whatever the schema. */
const FOUNDATION = `
CREATE TABLE IF NOT EXISTS schema_migrations (
  version    BIGINT NOT NULL PRIMARY KEY,
  name       TEXT   NOT NULL,
  checksum   TEXT   NOT NULL,   -- SHA-256 of the file, in hex
  applied_ts BIGINT NOT NULL    -- ms since the epoch
);
-- The processes that write. Each numbers its batches, and the one that was committed last leaves here what became of
-- it: so a process that lost its connection while it committed finds out.
CREATE TABLE IF NOT EXISTS writers (
  writer  BIGINT      NOT NULL PRIMARY KEY,
  batch   BIGINT      NOT NULL,
  outcome TEXT,                 -- null: the batch has been given up
  seen_at TIMESTAMPTZ NOT NULL
) WITH (fillfactor = 50);
`

const WRITE_FUNCTION = 'write_batch_1(bigint,bigint,boolean,boolean,text[],integer[],text[],text[],text[])'

/**
 * Brings a database's schema up to date. Each migration is one transaction together with its row in
 * `schema_migrations`, so an interruption at any moment leaves a step done or not begun; of several servers that start
 * at once one does it and the others wait.
 * @throws MigrationError if the database's history is not the folder's, or a step fails.
 */
export async function migrate(client: Client, folder: URL): Promise<void> {
  const migrations = readMigrations(folder, 'postgres')
  await locked(client, async () => {
    await client.query(FOUNDATION)
    const known = await client.query<{ known: number }>('SELECT to_regprocedure($1) IS NOT NULL AS known', [
      WRITE_FUNCTION,
    ])
    if (known.rows[0]?.known !== 1) {
      await client.query(await readFile(new URL('./write-function.sql', import.meta.url), 'utf8'))
    }
  })
  // Another server may do some of the steps while this one waits for the lock between them.
  for (;;) {
    const isDone = await locked(client, async () => {
      const [next] = outstandingMigrations(migrations, await appliedMigrations(client))
      if (next !== undefined) await apply(client, next)
      return next === undefined
    })
    if (isDone) return
  }
}

async function locked<T>(client: Client, work: () => Promise<T>): Promise<T> {
  await client.query(`BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`)
  try {
    await client.query(`SELECT pg_advisory_xact_lock(${MIGRATION_LOCK})`)
    const result = await work()
    await client.query('COMMIT')
    return result
  } catch (error) {
    // Without an answer the connection is gone, and the transaction with it.
    await client.query('ROLLBACK').catch(() => undefined)
    throw error instanceof MigrationError
      ? error
      : new MigrationError(`the schema cannot be brought up to date: ${errorMessage(error)}`, { cause: error })
  }
}

async function appliedMigrations(client: Client) {
  const { rows } = await client.query<{ version: number; name: string; checksum: string }>(
    'SELECT version, name, checksum FROM schema_migrations ORDER BY version',
  )
  return rows
}

async function apply(client: Client, { version, name, sql, checksum }: Migration): Promise<void> {
  try {
    const before = await transactionId(client)
    await client.query(sql)
    if ((await transactionId(client)) !== before) throw new Error('a migration must leave its transaction open')
    await client.query(
      `INSERT INTO schema_migrations (version, name, checksum, applied_ts)
       VALUES ($1, $2, $3, (extract(epoch FROM clock_timestamp()) * 1000)::bigint)`,
      [version, name, checksum],
    )
  } catch (error) {
    throw new MigrationError(`migration ${version} (${name}) failed: ${errorMessage(error)}`, { cause: error })
  }
}

async function transactionId(client: Client): Promise<string | undefined> {
  const { rows } = await client.query<{ id: string }>('SELECT pg_current_xact_id()::text AS id')
  return rows[0]?.id
}
