import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'
import { expect, onTestFinished, test } from 'vitest'
import { MigrationError } from '../errors.ts'
import { SqliteDatabase } from './sqlite-database.ts'
import { migrationsFolder, TEST_MIGRATION, type TestSchema, temporaryFolder, testQueries } from '../testing-schema.ts'

/** Runs a module of this text, which may import this folder's modules as `./name.ts`, in a process of its own. */
function spawnModule(text: string, ...parameters: string[]): ChildProcess {
  const file = join(temporaryFolder(), 'child.mjs')
  writeFileSync(file, text.replaceAll("from './", `from '${new URL('.', import.meta.url).href}`))
  const child = spawn(process.execPath, [file, ...parameters], { stdio: ['ignore', 'pipe', 'inherit'] })
  onTestFinished(() => {
    child.kill('SIGKILL')
  })
  return child
}

const WRITE_FOREVER = `
import { SqliteDatabase } from './sqlite-database.ts'
import { bind, position } from './../query.ts'
const [path, migrations] = process.argv.slice(2)
const database = await SqliteDatabase.open({ path, migrations: new URL(migrations) })
const insert = database.query()((q, p) => q.insertInto('messages').values(
  { nid: p.nid, room: 1, position: p.position, body: p.body, bytes: null }))
const writer = async (nid) => {
  for (;; nid += 32) {
    const parts = [0, 0.5].map((half, i) => bind(insert, { nid: nid * 2 + i, position: position(i), body: 'x'.repeat(500) }))
    const { position: first } = await database.write({ statements: parts, positions: 2 })
    process.stdout.write(nid + ' ' + first + '\\n')
  }
}
for (let nid = 0; nid < 32; nid += 1) writer(nid)
`

test('kill -9 under load: no acknowledged entry is lost, none is there by half, the numbering is whole', async () => {
  const path = join(temporaryFolder(), 'test.db')
  const migrations = migrationsFolder({ '0001-test.sql': TEST_MIGRATION })
  // given a process killed after it has acknowledged some thousand entries
  const child = spawnModule(WRITE_FOREVER, path, migrations.href)
  const exited = once(child, 'exit')
  const acknowledged: [nid: number, position: number][] = []
  for await (const line of createInterface({ input: child.stdout! })) {
    const [nid, position] = line.split(' ').map(Number)
    acknowledged.push([nid!, position!])
    if (acknowledged.length === 3_000) child.kill('SIGKILL')
  }
  expect((await exited)[1]).toBe('SIGKILL')
  // when the database is opened again
  const database = await SqliteDatabase.open<TestSchema>({ path, migrations })
  onTestFinished(() => database.close())
  // then
  const rows = await database.scan(testQueries(database).byRoom, { room: 1 })
  const positions = new Map(rows.map(({ nid, position }) => [nid, position]))
  const lost = acknowledged.filter(
    ([nid, position]) => positions.get(nid * 2) !== position || positions.get(nid * 2 + 1) !== position + 1,
  )
  expect(lost).toEqual([])
  expect(rows.length % 2).toBe(0)
  expect([...positions.values()].sort((a, b) => a! - b!)).toEqual(rows.map((_, index) => index + 1))
  expect(database.position()).toBe(rows.length)
})

const OPEN = `
import { SqliteDatabase } from './sqlite-database.ts'
const [path, migrations] = process.argv.slice(2)
await SqliteDatabase.open({ path, migrations: new URL(migrations) })
process.stdout.write('open')
`

/** Takes hours, and writes far more than a page cache holds before anybody notices. */
const ENDLESS = `
CREATE TABLE numbers (n INTEGER PRIMARY KEY, text TEXT) STRICT;
ALTER TABLE rooms ADD COLUMN name TEXT;
INSERT INTO numbers
  WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000000) SELECT n, hex(zeroblob(1000)) FROM c;
`

test('kill -9 within a migration: the steps before it are done, it has not begun, and the next start does it', async () => {
  const path = join(temporaryFolder(), 'test.db')
  const endless = migrationsFolder({ '0001-test.sql': TEST_MIGRATION, '0002-names.sql': ENDLESS })
  const child = spawnModule(OPEN, path, endless.href)
  const exited = once(child, 'exit')
  // given it was killed when the second step had written 50 MB
  while ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) < 50_000_000) {
    expect(child.exitCode).toBeNull()
    await new Promise((resolve) => setImmediate(resolve))
  }
  child.kill('SIGKILL')
  await exited
  // then only the first step is there
  const connection = new DatabaseSync(path)
  expect(connection.prepare('SELECT version FROM schema_migrations').all()).toEqual([{ version: 1 }])
  expect(connection.prepare("SELECT name FROM sqlite_schema WHERE name = 'numbers'").all()).toEqual([])
  connection.close()
  // and a start does the second
  const migrations = migrationsFolder({
    '0001-test.sql': TEST_MIGRATION,
    '0002-names.sql': 'ALTER TABLE rooms ADD COLUMN name TEXT;',
  })
  const database = await SqliteDatabase.open<TestSchema>({ path, migrations })
  await database.close()
})

test('migrations: a step that fails leaves nothing of itself, and says which it was', async () => {
  const path = join(temporaryFolder(), 'test.db')
  const broken = 'ALTER TABLE rooms ADD COLUMN name TEXT; ALTER TABLE nowhere ADD COLUMN name TEXT;'
  const migrations = migrationsFolder({ '0001-test.sql': TEST_MIGRATION, '0002-broken.sql': broken })
  const opening = SqliteDatabase.open({ path, migrations })
  await expect(opening).rejects.toThrow(MigrationError)
  await expect(opening).rejects.toThrow('migration 2 (broken) failed: no such table: nowhere')
  const connection = new DatabaseSync(path)
  expect(connection.prepare('SELECT * FROM rooms LIMIT 1').all()).toEqual([{ room: 1, version: 0 }])
  connection.close()
})

test('migrations: a changed step, a newer database and a step that ends its transaction are refused', async () => {
  const path = join(temporaryFolder(), 'test.db')
  const open = async (files: Readonly<Record<string, string>>) => {
    const database = await SqliteDatabase.open({ path, migrations: migrationsFolder(files) })
    await database.close()
  }
  const first = { '0001-test.sql': TEST_MIGRATION }
  const second = { ...first, '0002-more.sql': 'CREATE TABLE more (n INTEGER) STRICT;' }
  await open(second)
  await open(second)
  await expect(open(first)).rejects.toThrow(
    'the database is newer than this version of Magik: it has migration 0002-more',
  )
  await expect(open({ ...second, '0002-more.sql': '-- nothing' })).rejects.toThrow('0002-more was changed')
  await expect(open({ ...second, '0003-commit.sql': 'COMMIT;' })).rejects.toThrow('must leave its transaction open')
})
