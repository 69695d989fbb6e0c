import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { parseRoomAlias } from '@magik/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { SqliteDatabase } from '../platform/database/sqlite/sqlite-database.ts'
import { AliasStore } from './alias-store.ts'
import { FilterStore } from './filter-store.ts'
import type { Schema } from './schema.ts'

const MIGRATIONS = join(import.meta.dirname, 'migrations')

/** A database file, migrated up to a number, with rows added by hand. */
async function databaseWith(rows: string, upTo = 9999): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'magik-imported-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const migrations = join(folder, 'migrations')
  mkdirSync(migrations)
  for (const file of readdirSync(MIGRATIONS)) {
    if (Number(file.slice(0, 4)) <= upTo) copyFileSync(join(MIGRATIONS, file), join(migrations, file))
  }
  const path = join(folder, 'test.db')
  const made = await SqliteDatabase.open<Schema>({ path, migrations: pathToFileURL(migrations), synchronous: 'OFF' })
  await made.close()
  const database = new DatabaseSync(path)
  database.exec(rows)
  database.close()
  return path
}

async function open(path: string): Promise<SqliteDatabase<Schema>> {
  const database = await SqliteDatabase.open<Schema>({
    path,
    migrations: pathToFileURL(MIGRATIONS),
    synchronous: 'OFF',
  })
  onTestFinished(() => database.close())
  return database
}

test('migration 0009: keeps rooms, aliases and filters as they are', async () => {
  const path = await databaseWith(
    `INSERT INTO rooms (room_nid, room_id, version, creator_nid, created_ts, is_published)
       VALUES (1, '!a:a.example', '12', 7, 100, 1);
     INSERT INTO room_aliases (alias, room_nid, creator_nid, created_ts) VALUES ('#a:a.example', 1, 7, 200);
     INSERT INTO filters (user_nid, filter_id, digest, json) VALUES (7, 0, x'01', '{}'), (7, 1, x'02', '{"room":{}}');`,
    9,
  )
  const database = await open(path)
  expect(await new AliasStore(database).find(parseRoomAlias('#a:a.example'))).toEqual({ roomNid: 1, creatorNid: 7 })
  expect(await new AliasStore(database).ofRoom(1)).toEqual(['#a:a.example'])
  expect(await new FilterStore(database).findByDigest(7, new Uint8Array([2]))).toBe(1)
  const rooms = database.query({ scan: true })((q) => q.selectFrom('rooms').selectAll())
  expect(await database.scan(rooms, {})).toMatchObject([
    { room_nid: 1, room_id: '!a:a.example', version: '12', creator_nid: 7, created_ts: 100, is_published: 1 },
  ])
})

test('aliases: one that nobody is known to have made can be found', async () => {
  const path = await databaseWith(
    `INSERT INTO rooms (room_nid, room_id, version, creator_nid, created_ts)
       VALUES (1, '!a:a.example', '12', NULL, 100);
     INSERT INTO room_aliases (alias, room_nid, creator_nid, created_ts) VALUES ('#a:a.example', 1, NULL, 0);`,
  )
  const found = await new AliasStore(await open(path)).find(parseRoomAlias('#a:a.example'))
  expect(found).toEqual({ roomNid: 1, creatorNid: undefined })
})

test('filters: two of one user may say the same; the one with the digest is given out, the next ID follows both', async () => {
  const path = await databaseWith(
    `INSERT INTO filters (user_nid, filter_id, digest, json) VALUES (7, 3, x'01', '{}'), (7, 5, NULL, '{}'), (7, 6, NULL, '{}');`,
  )
  const database = await open(path)
  const filters = new FilterStore(database)
  expect(await filters.find(7, 5)).toBe('{}')
  expect(await filters.findByDigest(7, new Uint8Array([1]))).toBe(3)
  await database.write({ statements: [filters.insert({ userNid: 7, digest: new Uint8Array([9]), json: '{"a":1}' })] })
  expect(await filters.findByDigest(7, new Uint8Array([9]))).toBe(7)
})
