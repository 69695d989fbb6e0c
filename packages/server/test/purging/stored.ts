import { join } from 'node:path'
import { DatabaseSync, type SQLOutputValue } from 'node:sqlite'
import type { RunningServer } from '../harness/index.ts'

/** What stands in a server's database: tests of deleting look behind the API, which hides what is deleted anyhow. */
export function stored({ folder }: Pick<RunningServer, 'folder'>, sql: string): Record<string, SQLOutputValue>[] {
  const connection = new DatabaseSync(join(folder, 'homeserver.db'), { readOnly: true })
  try {
    return connection.prepare(sql).all()
  } finally {
    connection.close()
  }
}

/** How many rows of a table fulfil a condition. */
export function countStored(running: Pick<RunningServer, 'folder'>, table: string, condition = 'true'): number {
  return Number(stored(running, `SELECT count(*) AS n FROM ${table} WHERE ${condition}`)[0]?.['n'])
}
