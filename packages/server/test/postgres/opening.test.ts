import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { DatabaseError, MigrationError } from '../../src/platform/database/errors.ts'
import {
  PostgresDatabase,
  type PostgresDatabaseOptions,
} from '../../src/platform/database/postgres/postgres-database.ts'
import { migrationsFolder, POSTGRES_TEST_MIGRATION } from '../../src/platform/database/testing-schema.ts'
import { until } from '../harness/index.ts'
import { runSql } from './cluster.ts'
import { emptyDatabase } from './open-database.ts'

const FIRST = { '0001-test.sql': POSTGRES_TEST_MIGRATION }

/** Opens a database and closes it again. */
async function open(
  url: URL,
  files: Readonly<Record<string, string>> = FIRST,
  options: Partial<PostgresDatabaseOptions> = {},
): Promise<void> {
  const database = await PostgresDatabase.open({
    connection: { connectionString: url.href },
    randomBytes,
    migrations: migrationsFolder(files),
    ...options,
  })
  await database.close()
}

test('a database that sorts by another locale than C is refused, unless that is meant', async () => {
  const url = await emptyDatabase("TEMPLATE template0 LC_COLLATE 'C.UTF-8' LC_CTYPE 'C.UTF-8'")
  await expect(open(url)).rejects.toThrow('sorts text by the locale C.UTF-8')
  await expect(open(url)).rejects.toThrow(DatabaseError)
  const warnings: string[] = []
  await open(url, FIRST, { allowUnsafeLocale: true, onWarning: (message) => warnings.push(message) })
  expect(warnings.join()).toContain('an update of the operating system may damage its indexes')
})

test('a database of another encoding than UTF-8 is refused', async () => {
  const url = await emptyDatabase("TEMPLATE template0 ENCODING 'SQL_ASCII'")
  await expect(open(url, FIRST, { allowUnsafeLocale: true })).rejects.toThrow('encoding is SQL_ASCII')
})

test('commits that do not wait for the disk are warned of', async () => {
  const url = await emptyDatabase()
  const warnings = async () => {
    const said: string[] = []
    await open(url, FIRST, { onWarning: (message) => said.push(message) })
    return said.filter((message) => message.includes('synchronous_commit'))
  }
  await runSql(url.href, `ALTER DATABASE ${url.pathname.slice(1)} SET synchronous_commit = on`)
  expect(await warnings()).toEqual([])
  await runSql(url.href, `ALTER DATABASE ${url.pathname.slice(1)} SET synchronous_commit = off`)
  expect(await warnings()).toHaveLength(1)
})

test('a server that is not there, or knows no such database, is told', async () => {
  const url = await emptyDatabase()
  const elsewhere = new URL(url)
  elsewhere.port = '1'
  await expect(open(elsewhere)).rejects.toThrow('the PostgreSQL database cannot be opened')
  const unknown = new URL(url)
  unknown.pathname = '/unknown'
  await expect(open(unknown)).rejects.toThrow('database "unknown" does not exist')
})

test('migrations: of servers that start at once one does each step', async () => {
  const url = await emptyDatabase()
  const files = { ...FIRST, '0002-more.sql': 'CREATE TABLE more (n BIGINT); SELECT pg_sleep(0.05);' }
  await Promise.all(Array.from({ length: 5 }, () => open(url, files)))
  expect(await runSql(url.href, 'SELECT version::int FROM schema_migrations ORDER BY version')).toEqual([
    { version: 1 },
    { version: 2 },
  ])
})

test('migrations: a step that fails leaves nothing of itself, and says which it was', async () => {
  const url = await emptyDatabase()
  const broken = 'ALTER TABLE rooms ADD COLUMN name TEXT; ALTER TABLE nowhere ADD COLUMN name TEXT;'
  const opening = open(url, { ...FIRST, '0002-broken.sql': broken })
  await expect(opening).rejects.toThrow(MigrationError)
  await expect(opening).rejects.toThrow('migration 2 (broken) failed: relation "nowhere" does not exist')
  expect(await runSql(url.href, 'SELECT * FROM rooms LIMIT 1')).toEqual([{ room: '1', version: '0' }])
})

test('migrations: a step whose connection is lost has not begun, and the next start does it', async () => {
  const url = await emptyDatabase()
  const endless = 'CREATE TABLE more (n BIGINT); SELECT pg_sleep(600);'
  const opening = open(url, { ...FIRST, '0002-more.sql': endless })
  const outcome = opening.then(
    () => undefined,
    (error: unknown) => error,
  )
  const asleep =
    "SELECT pid FROM pg_stat_activity WHERE query LIKE 'CREATE TABLE more%' AND datname = current_database()"
  await until('the second step is under way', async () => (await runSql(url.href, asleep)).length > 0)
  await runSql(url.href, `SELECT pg_terminate_backend(pid) FROM (${asleep}) AS busy`)
  expect(await outcome).toBeInstanceOf(MigrationError)
  expect(await runSql(url.href, 'SELECT version::int FROM schema_migrations')).toEqual([{ version: 1 }])
  await open(url, { ...FIRST, '0002-more.sql': 'CREATE TABLE more (n BIGINT);' })
  expect(await runSql(url.href, 'SELECT * FROM more')).toEqual([])
})

test('migrations: a changed step, a newer database and a step that ends its transaction are refused', async () => {
  const url = await emptyDatabase()
  const second = { ...FIRST, '0002-more.sql': 'CREATE TABLE more (n BIGINT);' }
  await open(url, second)
  await open(url, second)
  await expect(open(url)).rejects.toThrow(
    'the database is newer than this version of Magik: it has migration 0002-more',
  )
  await expect(open(url, { ...second, '0002-more.sql': '-- nothing' })).rejects.toThrow('0002-more was changed')
  await expect(open(url, { ...second, '0003-commit.sql': 'COMMIT;' })).rejects.toThrow(
    'must leave its transaction open',
  )
})
