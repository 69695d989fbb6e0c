import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { createStores } from '../../src/composition/stores.ts'
import { PostgresDatabase } from '../../src/platform/database/postgres/postgres-database.ts'
import { ValueTooLongError } from '../../src/platform/database/errors.ts'
import { readMigrations } from '../../src/platform/database/migration-files.ts'
import { SqliteDatabase } from '../../src/platform/database/sqlite/sqlite-database.ts'
import type { Schema } from '../../src/storage/schema.ts'
import { temporaryFolder, testServer } from '../harness/index.ts'
import { runSql } from './cluster.ts'
import { emptyDatabase } from './open-database.ts'

test('stores: PostgreSQL understands every statement', async () => {
  // given all statements of all stores, and a database migrated from nothing
  const database = await PostgresDatabase.open<Schema>({
    connection: { connectionString: (await emptyDatabase()).href },
    randomBytes,
    migrations: new URL('../../src/storage/migrations/', import.meta.url),
  })
  onTestFinished(() => database.close())
  createStores(database)
  // then it parses each of them
  expect(database.queries().length).toBeGreaterThan(50)
  const problems: string[] = []
  for (const query of database.queries()) {
    await database.prepareOnly(query).catch((error: Error) => problems.push(`${query.name}: ${error.message}`))
  }
  expect(problems).toEqual([])
})

test('a statement that PostgreSQL does not understand is found', async () => {
  const database = await PostgresDatabase.open<{ nowhere: { n: number } }>({
    connection: { connectionString: (await emptyDatabase()).href },
    randomBytes,
    migrations: new URL('../../src/storage/migrations/', import.meta.url),
  })
  onTestFinished(() => database.close())
  const query = database.query()((q) => q.selectFrom('nowhere').select('n'))
  await expect(database.prepareOnly(query)).rejects.toThrow('relation "nowhere" does not exist')
})

test('migrations: both engines have the same steps, and come to the same tables and columns', async () => {
  const folder = new URL('../../src/storage/migrations/', import.meta.url)
  const steps = (engine: 'sqlite' | 'postgres') =>
    readMigrations(folder, engine).map(({ version, name }) => `${version} ${name}`)
  expect(steps('postgres')).toEqual(steps('sqlite'))
  const path = join(temporaryFolder(), 'test.db')
  await (await SqliteDatabase.open({ path, migrations: folder, synchronous: 'OFF' })).close()
  const sqlite = new DatabaseSync(path)
  const columns = sqlite
    .prepare(
      `SELECT t.name || '.' || c.name AS name FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c
       WHERE t.type = 'table' ORDER BY 1`,
    )
    .all()
    .map(({ name }) => String(name))
  sqlite.close()
  const url = await emptyDatabase()
  const database = await PostgresDatabase.open({
    connection: { connectionString: url.href },
    randomBytes,
    migrations: folder,
  })
  await database.close()
  const rows = await runSql<{ name: string }>(
    url.href,
    `SELECT table_name || '.' || column_name AS name FROM information_schema.columns
     WHERE table_schema = 'public' AND table_name <> 'writers' ORDER BY 1`,
  )
  expect(columns.length).toBeGreaterThan(50)
  expect(rows.map(({ name }) => name)).toEqual(columns)
})

test('a value that is too long for an index is told apart', async () => {
  const database = await PostgresDatabase.open<Schema>({
    connection: { connectionString: (await emptyDatabase()).href },
    randomBytes,
    migrations: new URL('../../src/storage/migrations/', import.meta.url),
  })
  onTestFinished(() => database.close())
  const { userStore } = createStores(database)
  // Without a pattern, so that nothing makes it shorter.
  const long = randomBytes(6_000).toString('hex')
  await expect(database.write({ statements: [userStore.insert(1, long)] })).rejects.toThrow(ValueTooLongError)
  expect(await database.write({ statements: [userStore.insert(1, '@alice:example.org')] })).toMatchObject({
    committed: true,
  })
})

test('the suites of this run are on PostgreSQL', async () => {
  const { server } = await testServer()
  expect(server.database).toBeInstanceOf(PostgresDatabase)
})
