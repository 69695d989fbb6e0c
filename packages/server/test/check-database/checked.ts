import { join } from 'node:path'
import { createDatabaseCheck } from '../../src/composition/database-check.ts'
import { createStores } from '../../src/composition/stores.ts'
import { configFromObject } from '../../src/platform/config/index.ts'
import { SqliteDatabase } from '../../src/platform/database/sqlite/sqlite-database.ts'
import type { Schema } from '../../src/storage/schema.ts'
import { testConfig } from '../harness/index.ts'

/** What a check of a database told. */
export interface CheckOutcome {
  /** One line for each finding, as the command prints it. */
  readonly lines: readonly string[]
  readonly found: number
  readonly repaired: number
}

/** Checks a database file that nobody uses. */
export async function checkFile(
  path: string,
  options: { serverName?: string; rebuild?: boolean } = {},
): Promise<CheckOutcome> {
  const database = await SqliteDatabase.open<Schema>({
    path,
    migrations: new URL('../../src/storage/migrations/', import.meta.url),
    synchronous: 'OFF',
    strictReads: true,
  })
  try {
    const folder = join(path, '..')
    const config = configFromObject(
      testConfig(folder, options.serverName === undefined ? {} : { server_name: options.serverName }),
      { cwd: folder },
    )
    // A core without a server around it has not settled it.
    await createStores(database).metaStore.settle('tree_seed', () => '00'.repeat(16))
    const lines: string[] = []
    const check = await createDatabaseCheck(config, database, {
      isRebuilding: options.rebuild === true,
      onFinding: ({ about, what }, outcome) =>
        lines.push(outcome === 'found' ? `${about}: ${what}` : `${outcome}: ${about}: ${what}`),
      onProgress: () => {},
    })
    return { lines, ...(await check.run()) }
  } finally {
    await database.close()
  }
}
