import { sql } from 'kysely'
import { Client } from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { bind, position } from '../../src/platform/database/query.ts'
import { until } from '../harness/index.ts'
import { FaultyProxy, type Fault } from './faulty-proxy.ts'
import { runSql } from './cluster.ts'
import { clusterUrl, emptyDatabase, openTestDatabase } from './open-database.ts'

/** A database behind a proxy, and an entry that would tell if it were executed twice. */
async function proxied() {
  const url = await emptyDatabase()
  const proxy = await FaultyProxy.open(new URL(clusterUrl()))
  const opened = await openTestDatabase({ connection: { connectionString: proxy.urlOf(url).href } })
  const count = opened.database.query<{ room: number }>({ name: 'count' })((q, p) =>
    q.updateTable('rooms').set({ version: sql<number>`version + 1` }).where('room', '=', p.room).returning('version'),
  )
  const write = (nid: number) =>
    opened.database.write({
      statements: [opened.message(nid, { position: position(0) }), bind(count, { room: 1 })],
      positions: 1,
    })
  return { ...opened, proxy, url, write }
}

const FAULTS: readonly Fault[] = ['lose the answer', 'lose the batch', 'delay the batch', 'leave the batch under way']

test.each(FAULTS)('%s: the entry is answered, done once, and numbered without a gap', async (fault) => {
  const { proxy, write, database, byRoom, version } = await proxied()
  await write(1)
  proxy.next(fault)
  const results = await Promise.all([write(2), write(3)])
  proxy.deliver()
  expect(await write(4)).toMatchObject({ committed: true, position: 4 })
  expect(proxy.faults).toBe(1)
  expect(results).toMatchObject([
    { committed: true, position: 2, rows: [[], [{ version: 2 }]] },
    { committed: true, position: 3, rows: [[], [{ version: 3 }]] },
  ])
  expect(await database.first(version, { room: 1 })).toEqual({ version: 4 })
  const rows = await database.all(byRoom, { room: 1 })
  expect(rows.map((row) => [row.nid, row.position])).toEqual([1, 2, 3, 4].map((n) => [n, n]))
  expect(database.position()).toBe(4)
})

test('a batch that is still under way when its connection breaks is waited for, not done again', async () => {
  const { proxy, url, write, database, version } = await proxied()
  await write(1)
  // given a batch that waits in the server for the counter
  const holder = new Client({ connectionString: url.href })
  await holder.connect()
  onTestFinished(() => holder.end())
  await holder.query('BEGIN; SELECT 1 FROM stream FOR UPDATE')
  proxy.next('leave the batch under way')
  const result = write(2)
  const waiting = (text: string) => async () => {
    const rows = await runSql(
      url.href,
      `SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1 AND datname = current_database()`,
      [text],
    )
    return rows.length > 0
  }
  await until('the batch waits', waiting('%write_batch_1%'))
  // when the connection has broken, and the writer asks what has become of it
  await until('the writer asks', waiting('UPDATE writers%'))
  await holder.query('COMMIT')
  // then it hears that it was done
  expect(await result).toMatchObject({ committed: true, position: 2, rows: [[], [{ version: 2 }]] })
  expect(await write(3)).toMatchObject({ position: 3, rows: [[], [{ version: 3 }]] })
  expect(await database.first(version, { room: 1 })).toEqual({ version: 3 })
})

test('faults of every kind, one after the other: nothing is lost or done twice', async () => {
  const { proxy, write, database, version } = await proxied()
  let nid = 0
  for (let round = 0; round < 30; round += 1) {
    proxy.next(FAULTS[round % FAULTS.length]!)
    const nids = Array.from({ length: 1 + (round % 4) }, (_, index) => nid + 1 + index)
    nid += nids.length
    const results = await Promise.all(nids.map(write))
    proxy.deliver()
    expect(results.every(({ committed }) => committed)).toBe(true)
    expect(proxy.faults).toBe(round + 1)
    expect(await database.first(version, { room: 1 })).toEqual({ version: nid })
  }
  expect(database.position()).toBe(nid)
})

test('a process whose row has been cleared away takes a new one', async () => {
  const { url, write } = await proxied()
  await write(1)
  await runSql(url.href, 'DELETE FROM writers')
  expect(await write(2)).toMatchObject({ committed: true, position: 2 })
  expect(await runSql(url.href, 'SELECT batch::int FROM writers')).toEqual([{ batch: 1 }])
})
