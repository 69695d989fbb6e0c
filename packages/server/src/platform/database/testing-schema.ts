import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { onTestFinished } from 'vitest'
import type { BoundWrite, Database, Parameter } from './database.ts'
import { bind } from './query.ts'

// A small schema for the tests of the database port and of its drivers.

export interface TestSchema {
  rooms: { room: number; version: number }
  messages: { nid: number; room: number; position: number | null; body: string; bytes: Uint8Array | null }
}

export const TEST_MIGRATION = `
CREATE TABLE stream (id INTEGER PRIMARY KEY CHECK (id = 1), position INTEGER NOT NULL) STRICT;
INSERT INTO stream (id, position) VALUES (1, 0);
CREATE TABLE rooms (room INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;
INSERT INTO rooms (room, version) VALUES (1, 0), (2, 0);
CREATE TABLE messages (
  nid INTEGER PRIMARY KEY, room INTEGER NOT NULL, position INTEGER UNIQUE, body TEXT NOT NULL, bytes BLOB
) STRICT;
CREATE INDEX messages_by_room ON messages (room, nid);
`

/** The same for PostgreSQL. */
export const POSTGRES_TEST_MIGRATION = TEST_MIGRATION.replaceAll(' STRICT', '')
  .replaceAll('INTEGER', 'BIGINT')
  .replaceAll('BLOB', 'BYTEA')

const TEST_FORMATTERS = `
export const message = (row) => JSON.stringify({ nid: row.nid, body: row.body })
export const die = () => process.exit(1)
export const dawdle = () => { Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000); return '0' }
export const broken = () => { throw new Error('no such form') }
`

/** A folder that is gone after the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'magik-database-'))
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A folder with these migrations. */
export function migrationsFolder(files: Readonly<Record<string, string>>): URL {
  const folder = temporaryFolder()
  for (const [name, sql] of Object.entries(files)) writeFileSync(join(folder, name), sql)
  return pathToFileURL(`${folder}/`)
}

/** A module of formatters. */
export function formattersModule(): URL {
  const file = join(temporaryFolder(), 'formatters.mjs')
  writeFileSync(file, TEST_FORMATTERS)
  return pathToFileURL(file)
}

/** The queries of the test schema. */
export function testQueries(database: Database<TestSchema>) {
  const advance = database.query<{ room: number; expected: number }>({ name: 'advance' })((q, p) =>
    q
      .updateTable('rooms')
      .set((eb) => ({ version: eb('version', '+', 1) }))
      .where('room', '=', p.room)
      .where('version', '=', p.expected),
  )
  const insert = database.query<{ nid: number; room: number; position: number | null; body: string }>({
    name: 'insert',
  })((q, p) =>
    q.insertInto('messages').values({ nid: p.nid, room: p.room, position: p.position, body: p.body, bytes: null }),
  )
  return {
    byRoom: database.query<{ room: number }>({ name: 'byRoom' })((q, p) =>
      q.selectFrom('messages').select(['nid', 'position', 'body']).where('room', '=', p.room).orderBy('nid'),
    ),
    version: database.query<{ room: number }>({ name: 'version' })((q, p) =>
      q.selectFrom('rooms').select('version').where('room', '=', p.room),
    ),
    message: (nid: number, options: { room?: number; position?: Parameter<number>; body?: string } = {}): BoundWrite =>
      bind(insert, {
        nid,
        room: options.room ?? 1,
        position: options.position ?? null,
        body: options.body ?? `message ${nid}`,
      }),
    advance: (room: number, expected: number): BoundWrite => bind(advance, { room, expected }, { guard: 'head' }),
  }
}
