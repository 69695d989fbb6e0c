import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { isOnPostgres, queryDatabase } from '../harness/postgres.ts'
import type { RunningServer } from '../harness/index.ts'

/** What stands in a server's database: tests of deleting look behind the API, which hides what is deleted anyhow. */
export async function stored(
  { folder }: Pick<RunningServer, 'folder'>,
  sql: string,
): Promise<Record<string, unknown>[]> {
  if (isOnPostgres) return queryDatabase(folder, sql)
  const connection = new DatabaseSync(join(folder, 'homeserver.db'), { readOnly: true })
  try {
    return connection.prepare(sql).all()
  } finally {
    connection.close()
  }
}

/** How many rows of a table fulfil a condition. */
export async function countStored(
  running: Pick<RunningServer, 'folder'>,
  table: string,
  condition = 'true',
): Promise<number> {
  const [row] = await stored(running, `SELECT count(*) AS n FROM ${table} WHERE ${condition}`)
  return Number(row?.['n'])
}

/** The names of the tables whose rows belong to rooms. */
export async function tablesOfRooms(running: Pick<RunningServer, 'folder'>): Promise<string[]> {
  const rows = await stored(
    running,
    isOnPostgres
      ? `SELECT table_name AS name FROM information_schema.columns WHERE column_name = 'room_nid'`
      : `SELECT m.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c ON c.name = 'room_nid' WHERE m.type = 'table'`,
  )
  return rows.map(({ name }) => String(name))
}
