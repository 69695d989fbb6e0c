import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { ManualClock } from '../../platform/clock/manual-clock.ts'
import { SqliteDatabase } from '../../platform/database/sqlite/sqlite-database.ts'
import { temporaryFolder } from '../../platform/database/testing-schema.ts'
import { silentLogger } from '../../platform/log/logger.ts'
import { ReplicaStore } from '../../storage/replica-store.ts'
import type { Schema } from '../../storage/schema.ts'
import { HEARTBEAT_INTERVAL_MS, REPLICA_LIFETIME_MS, ReplicaRegistry } from './replica-registry.ts'

async function twoRegistries() {
  const database = await SqliteDatabase.open<Schema>({
    path: join(temporaryFolder(), 'test.db'),
    migrations: new URL('../../storage/migrations/', import.meta.url),
    synchronous: 'OFF',
  })
  onTestFinished(() => database.close())
  const store = new ReplicaStore(database)
  const make = (replicaId: string) => {
    const clock = new ManualClock()
    return { clock, registry: new ReplicaRegistry({ clock, logger: silentLogger(), database, store, replicaId }) }
  }
  return { database, store, a: make('a'), b: make('b') }
}

type Made = Awaited<ReturnType<typeof twoRegistries>>['a']

const idsOf = ({ registry }: Made) => registry.others.map(({ replicaId }) => replicaId)

/** Lets a clock go on until a heartbeat has been written and the others looked up. */
async function beat({ clock }: Made, { database }: { database: SqliteDatabase<Schema> }): Promise<void> {
  const { reads } = database.counts()
  await clock.advance(HEARTBEAT_INTERVAL_MS)
  await expect.poll(() => database.counts().reads, { interval: 1 }).toBe(reads + 1)
  await database.settled()
}

test('replicas find each other, the later one at once and the earlier one with its next heartbeat', async () => {
  const made = await twoRegistries()
  await made.a.registry.join('http://127.0.0.1:1')
  await made.b.registry.join('http://127.0.0.1:2')
  expect([idsOf(made.a), idsOf(made.b)]).toEqual([[], ['a']])
  expect(made.b.registry.others[0]).toMatchObject({ address: 'http://127.0.0.1:1' })
  await beat(made.a, made)
  expect(idsOf(made.a)).toEqual(['b'])
})

test('one that is silent for ten seconds is dead to the others, and its row is removed', async () => {
  const made = await twoRegistries()
  await made.a.registry.join('http://127.0.0.1:1')
  await made.b.registry.join('http://127.0.0.1:2')
  // b falls silent, and a goes on
  for (let passed = 0; passed <= REPLICA_LIFETIME_MS; passed += HEARTBEAT_INTERVAL_MS) {
    await beat(made.a, made)
    expect(idsOf(made.a)).toEqual(passed + HEARTBEAT_INTERVAL_MS <= REPLICA_LIFETIME_MS ? ['b'] : [])
  }
  expect((await made.store.all()).map(({ replicaId }) => replicaId)).toEqual(['a'])
  // it is back with its next heartbeat
  made.b.clock.setWallTime(made.a.clock.now())
  await beat(made.b, made)
  await beat(made.a, made)
  expect(idsOf(made.a)).toEqual(['b'])
})

test('one that has signed off is gone at the next look, and writes no more', async () => {
  const made = await twoRegistries()
  await made.a.registry.join('http://127.0.0.1:1')
  await made.b.registry.join('http://127.0.0.1:2')
  await made.b.registry.leave()
  await beat(made.a, made)
  expect(idsOf(made.a)).toEqual([])
  expect(made.b.clock.pendingTimers).toBe(0)
})
