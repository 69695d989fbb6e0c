import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createStores } from '../composition/stores.ts'
import { SqliteDatabase } from '../platform/database/sqlite/sqlite-database.ts'
import type { Schema } from './schema.ts'

test('stores: every statement that is not marked a scan finds its rows by an index, or stops at a limit', async () => {
  // given all statements of all stores
  const folder = await mkdtemp(join(tmpdir(), 'magik-queries-'))
  const database = await SqliteDatabase.open<Schema>({
    path: join(folder, 'test.db'),
    migrations: new URL('./migrations/', import.meta.url),
    synchronous: 'OFF',
  })
  onTestFinished(async () => {
    await database.close()
    await rm(folder, { recursive: true })
  })
  createStores(database)
  // then none of them reads a whole table
  expect(database.queries().length).toBeGreaterThan(50)
  const unbounded = database.queries().flatMap((query) => {
    const step = database.explainUnbounded(query)
    return step === undefined ? [] : [`${query.name}: ${step}`]
  })
  expect(unbounded).toEqual([])
})
