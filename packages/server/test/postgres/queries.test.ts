import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import { createStores } from '../../src/composition/stores.ts'
import { PostgresDatabase } from '../../src/platform/database/postgres/postgres-database.ts'
import type { Schema } from '../../src/storage/schema.ts'
import { testServer } from '../harness/index.ts'
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

test('the suites of this run are on PostgreSQL', async () => {
  const { server } = await testServer()
  expect(server.database).toBeInstanceOf(PostgresDatabase)
})
