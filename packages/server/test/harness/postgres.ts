import { createHash } from 'node:crypto'
import { Client } from 'pg'

/** The database that those of tests are copies of. */
export const TEMPLATE_DATABASE = 'magik_template'

/** Whether servers keep their data in PostgreSQL in this run. */
export const isOnPostgres = process.env['MAGIK_TEST_DATABASE'] !== undefined

/** The `database` option of a server whose files are in a folder, where tests run on PostgreSQL. */
export function postgresOption(folder: string): Record<string, unknown> | undefined {
  const url = clusterUrl()
  if (url === undefined) return undefined
  return {
    name: 'psycopg2',
    args: {
      user: url.username,
      host: url.hostname,
      port: Number(url.port),
      dbname: databaseOf(folder),
      cp_max: 4,
    },
  }
}

/** Makes the database of a folder, unless a server on the same folder has done so before. */
export async function createDatabase(folder: string): Promise<void> {
  await administer(async (client) => {
    const name = databaseOf(folder)
    const known = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (known.rows.length === 0) await client.query(`CREATE DATABASE ${name} TEMPLATE ${TEMPLATE_DATABASE}`)
  })
}

/** Removes the database of a folder. */
export async function dropDatabase(folder: string): Promise<void> {
  await administer(async (client) => {
    await client.query(`DROP DATABASE IF EXISTS ${databaseOf(folder)} WITH (FORCE)`)
  })
}

/** What a statement finds in the database of a folder. */
export async function queryDatabase(folder: string, sql: string): Promise<Record<string, unknown>[]> {
  const url = clusterUrl()
  if (url === undefined) throw new Error('tests do not run on PostgreSQL')
  url.pathname = `/${databaseOf(folder)}`
  const client = new Client({ connectionString: url.href })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows
  } finally {
    await client.end()
  }
}

async function administer(work: (client: Client) => Promise<void>): Promise<void> {
  const url = clusterUrl()
  if (url === undefined) return
  const client = new Client({ connectionString: url.href })
  await client.connect()
  try {
    await work(client)
  } finally {
    await client.end()
  }
}

function clusterUrl(): URL | undefined {
  const text = process.env['MAGIK_TEST_DATABASE']
  return text === undefined ? undefined : new URL(text)
}

function databaseOf(folder: string): string {
  return `test_${createHash('sha256').update(folder).digest('hex').slice(0, 24)}`
}
