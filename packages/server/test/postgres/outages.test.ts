import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import { expect, onTestFinished, test } from 'vitest'
import { DatabaseBusyError, DatabaseUnavailableError } from '../../src/platform/database/errors.ts'
import { bind, position } from '../../src/platform/database/query.ts'
import { until } from '../harness/index.ts'
import { createCluster, runSql } from './cluster.ts'
import { emptyDatabase, openTestDatabase } from './open-database.ts'

type Opened = Awaited<ReturnType<typeof openTestDatabase>>

/** Writers at work on a database: what was acknowledged, and what was refused in what way. */
class Load {
  readonly acknowledged = new Map<number, number>()
  readonly unknown = new Set<number>()
  readonly errors: unknown[] = []
  #isOver = false
  #nid = 0
  readonly #ended: Promise<unknown>

  constructor({ database, message }: Opened, writers: number) {
    const count = database.query<{ room: number }>({ name: 'count' })((q, p) =>
      q.updateTable('rooms').set({ version: sql<number>`version + 1` }).where('room', '=', p.room),
    )
    const work = async () => {
      while (!this.#isOver) {
        this.#nid += 1
        const nid = this.#nid
        try {
          const statements = [message(nid, { position: position(0) }), bind(count, { room: 1 })]
          const result = await database.write({ statements, positions: 1 })
          if (result.committed) this.acknowledged.set(nid, result.position)
        } catch (error) {
          if (error instanceof DatabaseUnavailableError) this.unknown.add(nid)
          else this.errors.push(error)
          await sleep(5)
        }
      }
    }
    this.#ended = Promise.all(Array.from({ length: writers }, work))
  }

  async end(): Promise<void> {
    this.#isOver = true
    await this.#ended
  }

  /** What is wrong with what the database holds. */
  async faults(url: string): Promise<string[]> {
    const rows = await runSql<{ nid: string; position: string }>(
      url,
      'SELECT nid, position FROM messages ORDER BY position',
    )
    const [totals] = await runSql<{ version: string; position: string }>(
      url,
      'SELECT (SELECT version FROM rooms WHERE room = 1), (SELECT position FROM stream)',
    )
    const found = new Map(rows.map((row) => [Number(row.nid), Number(row.position)]))
    const faults: string[] = []
    for (const [nid, at] of this.acknowledged) if (found.get(nid) !== at) faults.push(`${nid} is not at ${at}`)
    for (const nid of found.keys()) {
      if (!this.acknowledged.has(nid) && !this.unknown.has(nid)) faults.push(`${nid} was refused and is there`)
    }
    rows.forEach((row, index) => {
      if (Number(row.position) !== index + 1) faults.push(`position ${row.position} stands at place ${index + 1}`)
    })
    if (Number(totals?.position) !== rows.length) faults.push('the counter and the rows differ')
    if (Number(totals?.version) !== rows.length)
      faults.push(`${rows.length} entries were executed ${totals?.version} times`)
    return faults
  }
}

test('the server crashes and comes back: no acknowledged entry is lost, none is done twice, writing goes on', async () => {
  const cluster = await createCluster({ synchronous_commit: 'on' })
  onTestFinished(() => cluster.remove())
  const connection = cluster.connection('postgres')
  const opened = await openTestDatabase({ connection })
  const load = new Load(opened, 20)
  for (let round = 1; round <= 3; round += 1) {
    const enough = load.acknowledged.size + 200
    await until('enough is acknowledged', () => load.acknowledged.size >= enough)
    await cluster.crash()
    await cluster.start()
  }
  const enough = load.acknowledged.size + 200
  await until('writing goes on', () => load.acknowledged.size >= enough)
  await load.end()
  expect(load.errors).toEqual([])
  expect(await load.faults(cluster.url)).toEqual([])
  expect(await opened.database.scan(opened.version, { room: 1 })).toHaveLength(1)
})

test('connections are ended at random: every entry is answered, and none is done twice', async () => {
  const url = await emptyDatabase()
  const opened = await openTestDatabase({ connection: { connectionString: url.href } })
  const load = new Load(opened, 20)
  const terminate = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'magik'`
  for (let round = 0; round < 60; round += 1) {
    const enough = load.acknowledged.size + 1 + (round % 7)
    await until('a little more is acknowledged', () => load.acknowledged.size >= enough)
    await runSql(url.href, terminate)
  }
  await load.end()
  expect(load.errors).toEqual([])
  expect(load.unknown.size).toBe(0)
  expect(await load.faults(url.href)).toEqual([])
})

test('while the server is away everything is refused as unavailable, and afterwards all is well', async () => {
  const cluster = await createCluster({ synchronous_commit: 'on' })
  onTestFinished(() => cluster.remove())
  const { database, message, byRoom, version } = await openTestDatabase({ connection: cluster.connection('postgres') })
  await database.write({ statements: [message(1)] })
  await cluster.crash()
  // given a batch that has waited in vain
  await expect(database.write({ statements: [message(2)] })).rejects.toThrow(DatabaseUnavailableError)
  // then the next ones are refused at once, and so are reads
  await expect(database.write({ statements: [message(3)] })).rejects.toThrow(DatabaseUnavailableError)
  await expect(database.first(version, { room: 1 })).rejects.toThrow(DatabaseUnavailableError)
  await expect(database.scan(byRoom, { room: 1 })).rejects.toThrow(DatabaseUnavailableError)
  await cluster.start()
  await until('writing is possible again', async () =>
    database.write({ statements: [message(4)] }).then(
      () => true,
      () => false,
    ),
  )
  expect((await database.all(byRoom, { room: 1 })).map(({ nid }) => nid)).toEqual([1, 4])
  expect(await database.scan(byRoom, { room: 1 })).toHaveLength(2)
}, 60_000)

test('an entry that takes too long in the server is refused as busy, and nothing of it is done', async () => {
  const url = await emptyDatabase()
  const { database, byRoom, message } = await openTestDatabase({ connection: { connectionString: url.href } })
  await database.write({ statements: [message(9)] })
  const hold = runSql(url.href, 'BEGIN; LOCK TABLE messages IN EXCLUSIVE MODE; SELECT pg_sleep(60)').catch(() => [])
  await until('the lock is held', async () => {
    const locks = await runSql(
      url.href,
      "SELECT 1 FROM pg_locks WHERE mode = 'ExclusiveLock' AND relation = 'messages'::regclass",
    )
    return locks.length > 0
  })
  const refused = expect(database.write({ statements: [message(1)] })).rejects.toThrow(DatabaseBusyError)
  await until('the entry waits', async () => {
    const waiting = await runSql(
      url.href,
      "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'messages'::regclass",
    )
    return waiting.length > 0
  })
  await runSql(
    url.href,
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE '%write_batch_1%' AND pid <> pg_backend_pid()",
  )
  await refused
  await runSql(
    url.href,
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()",
  )
  await hold
  expect(await database.write({ statements: [message(2)] })).toMatchObject({ committed: true })
  expect((await database.all(byRoom, { room: 1 })).map(({ nid }) => nid)).toEqual([2, 9])
})
