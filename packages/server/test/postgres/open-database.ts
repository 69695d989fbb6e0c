import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import {
  PostgresDatabase,
  type PostgresDatabaseOptions,
} from '../../src/platform/database/postgres/postgres-database.ts'
import {
  formattersModule,
  migrationsFolder,
  POSTGRES_TEST_MIGRATION,
  type TestSchema,
  testQueries,
} from '../../src/platform/database/testing-schema.ts'
import { runSql } from './cluster.ts'

/** The server that the run was given. */
export function clusterUrl(): string {
  const url = process.env['MAGIK_TEST_DATABASE']
  if (url === undefined) throw new Error('these tests run by `npm run test:postgres`')
  return url
}

/** An empty database that is gone after the test. @param options of CREATE DATABASE */
export async function emptyDatabase(options = ''): Promise<URL> {
  const name = `driver_${randomBytes(8).toString('hex')}`
  await runSql(clusterUrl(), `CREATE DATABASE ${name} ${options}`)
  onTestFinished(async () => {
    await runSql(clusterUrl(), `DROP DATABASE ${name} WITH (FORCE)`)
  })
  const url = new URL(clusterUrl())
  url.pathname = `/${name}`
  return url
}

/** A database of the test schema, with the queries that tests need. */
export async function openTestDatabase(options: Partial<PostgresDatabaseOptions> = {}) {
  const connection = options.connection ?? { connectionString: (await emptyDatabase()).href }
  const database = await PostgresDatabase.open<TestSchema>({
    randomBytes,
    migrations: migrationsFolder({ '0001-test.sql': POSTGRES_TEST_MIGRATION }),
    formatters: formattersModule(),
    scanConnections: 1,
    ...options,
    connection,
  })
  onTestFinished(() => database.close())
  return { database, connection, ...testQueries(database) }
}
