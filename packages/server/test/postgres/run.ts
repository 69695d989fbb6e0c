import { randomBytes } from 'node:crypto'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { PostgresDatabase } from '../../src/platform/database/postgres/postgres-database.ts'
import { TEMPLATE_DATABASE } from '../harness/postgres.ts'
import { createCluster, runSql } from './cluster.ts'

// Runs the suites that touch the database on a PostgreSQL server of their own: `npm run test:postgres [-- <files>]`.

const root = join(import.meta.dirname, '../../../..')
const cluster = await createCluster()
try {
  await runSql(cluster.url, `CREATE DATABASE ${TEMPLATE_DATABASE}`)
  // Every test's database is a copy of this one, which is migrated once.
  const template = await PostgresDatabase.open({
    connection: cluster.connection(TEMPLATE_DATABASE),
    randomBytes,
    migrations: new URL('../../src/storage/migrations/', import.meta.url),
  })
  await template.close()
  const vitest = join(root, 'node_modules/vitest/vitest.mjs')
  const tests = spawn(
    process.execPath,
    [vitest, 'run', '--config', join(root, 'vitest.postgres.config.ts'), ...process.argv.slice(2)],
    { cwd: root, stdio: 'inherit', env: { ...process.env, MAGIK_TEST_DATABASE: cluster.url } },
  )
  const [code] = await once(tests, 'exit')
  process.exitCode = typeof code === 'number' ? code : 1
} finally {
  await cluster.remove()
}
