import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { temporaryFolder } from '../platform/database/testing-schema.ts'
import { SqliteDatabase } from '../platform/database/sqlite/sqlite-database.ts'
import { KEPT_TABLES, RoomRemovalStore } from './room-removal-store.ts'
import type { Schema } from './schema.ts'

test('every table whose rows belong to rooms is one that deleting a room looks at', async () => {
  // given the tables that there are
  const path = join(temporaryFolder(), 'test.db')
  const migrations = new URL('./migrations/', import.meta.url)
  const database = await SqliteDatabase.open<Schema>({ path, migrations, synchronous: 'OFF' })
  const { tables } = new RoomRemovalStore(database)
  await database.close()
  const connection = new DatabaseSync(path)
  const all = connection.prepare(`SELECT name FROM sqlite_schema WHERE type = 'table'`).all()
  const ofRooms = all
    .map(({ name }) => String(name))
    .filter((name) =>
      connection
        .prepare(`PRAGMA table_info(${name})`)
        .all()
        .some((column) => column['name'] === 'room_nid'),
    )
  connection.close()
  // then a new one has to be listed here or there
  expect(new Set(ofRooms)).toEqual(tables.union(new Set(KEPT_TABLES)))
})
