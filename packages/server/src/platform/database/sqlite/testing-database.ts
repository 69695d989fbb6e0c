import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import {
  formattersModule,
  migrationsFolder,
  TEST_MIGRATION,
  type TestSchema,
  temporaryFolder,
  testQueries,
} from '../testing-schema.ts'
import { SqliteDatabase, type SqliteDatabaseOptions } from './sqlite-database.ts'

/** A database of the test schema, with the queries that tests need. */
export async function openTestDatabase(options: Partial<SqliteDatabaseOptions> = {}) {
  const database = await SqliteDatabase.open<TestSchema>({
    path: join(temporaryFolder(), 'test.db'),
    migrations: migrationsFolder({ '0001-test.sql': TEST_MIGRATION }),
    formatters: formattersModule(),
    synchronous: 'OFF',
    ...options,
  })
  onTestFinished(() => database.close())
  return { database, ...testQueries(database) }
}
