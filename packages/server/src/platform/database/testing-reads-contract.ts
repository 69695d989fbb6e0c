import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { DatabaseBusyError, DatabaseError, ReadTimeoutError } from './errors.ts'
import { bind, inList } from './query.ts'
import type { OpenTestDatabase } from './testing-writes-contract.ts'

const extra = { nid: 1_000, room: 1, position: null, body: '', bytes: null }

/** What every driver promises of reads. */
export function readsContract(openTestDatabase: OpenTestDatabase): void {
  /** A database with this many messages in room 1. */
  async function withMessages(count: number, options: Parameters<OpenTestDatabase>[0] = {}) {
    const opened = await openTestDatabase(options)
    await opened.database.write({ statements: Array.from({ length: count }, (_, nid) => opened.message(nid)) })
    return opened
  }

  test('first: the first row, or undefined', async () => {
    const { database, byRoom } = await withMessages(2)
    expect(await database.first(byRoom, { room: 1 })).toEqual({ nid: 0, position: null, body: 'message 0' })
    expect(await database.first(byRoom, { room: 2 })).toBeUndefined()
  })

  test('all: compares with a list parameter', async () => {
    const { database } = await withMessages(5)
    const some = database.query<{ nids: readonly number[] }>()((q, p) =>
      q.selectFrom('messages').select('nid').where(inList('nid', p.nids)),
    )
    expect(await database.all(some, { nids: [3, 1, 77] })).toEqual([{ nid: 1 }, { nid: 3 }])
    expect(await database.all(some, { nids: [] })).toEqual([])
  })

  test('all: strict reads refuse more than 100 rows', async () => {
    const { database, byRoom } = await withMessages(100, { strictReads: true })
    expect(await database.all(byRoom, { room: 1 })).toHaveLength(100)
    await database.write({
      statements: [
        bind(
          database.query()((q) => q.insertInto('messages').values(extra)),
          {},
        ),
      ],
    })
    await expect(database.all(byRoom, { room: 1 })).rejects.toThrow('byRoom returned 101 rows')
    expect(await database.scan(byRoom, { room: 1 })).toHaveLength(101)
  })

  test('all: refuses a query that is marked a scan, and one that writes', async () => {
    const { database } = await openTestDatabase()
    const marked = database.query({ name: 'everything', scan: true })((q) => q.selectFrom('messages').selectAll())
    const write = database.query({ name: 'purge' })((q) => q.deleteFrom('messages'))
    await expect(database.all(marked, {})).rejects.toThrow('everything is marked a scan')
    await expect(database.all(write, {})).rejects.toThrow('purge writes')
    await expect(database.scan(write, {})).rejects.toThrow(DatabaseError)
  })

  test('reads: an integer beyond 2^53 is an error, never a rounded number', async () => {
    const { database } = await openTestDatabase()
    const big = database.query({ name: 'big' })(() => sql<{ n: number }>`select 9007199254740993 as n`)
    await expect(database.all(big, {})).rejects.toThrow(/^big: .*too large/)
    await expect(database.scan(big, {})).rejects.toThrow(/^big: .*too large/)
  })

  test('scan: any number of rows, blobs and nulls included', async () => {
    const { database } = await withMessages(5_000)
    const setBytes = database.query<{ nid: number; bytes: Uint8Array }>()((q, p) =>
      q.updateTable('messages').set({ bytes: p.bytes }).where('nid', '=', p.nid),
    )
    await database.write({ statements: [bind(setBytes, { nid: 4_999, bytes: new Uint8Array([1, 2]) })] })
    const all = database.query({ scan: true })((q) =>
      q.selectFrom('messages').select(['nid', 'position', 'bytes']).orderBy('nid'),
    )
    const rows = await database.scan(all, {})
    expect(rows).toHaveLength(5_000)
    expect(rows[4_999]).toEqual({ nid: 4_999, position: null, bytes: new Uint8Array([1, 2]) })
    expect(rows[0]).toEqual({ nid: 0, position: null, bytes: null })
  })

  test('scanJson: rows are formatted by the named formatter', async () => {
    const { database, byRoom } = await withMessages(2)
    expect(await database.scanJson(byRoom, { room: 1 }, 'message')).toBe(
      '[{"nid":0,"body":"message 0"},{"nid":1,"body":"message 1"}]',
    )
    expect(await database.scanJson(byRoom, { room: 2 }, 'message')).toBe('[]')
    await expect(database.scanJson(byRoom, { room: 1 }, 'unknown')).rejects.toThrow('there is no formatter unknown')
    await expect(database.scanJson(byRoom, { room: 1 }, 'broken')).rejects.toThrow('no such form')
  })

  test('scan: readers see whole entries only', async () => {
    const { database, byRoom, message } = await openTestDatabase()
    let isWriting = true
    const reading = (async () => {
      let scans = 0
      while (isWriting) {
        expect((await database.scan(byRoom, { room: 1 })).length % 3).toBe(0)
        expect((await database.all(byRoom, { room: 1 })).length % 3).toBe(0)
        scans += 1
      }
      return scans
    })()
    for (let nid = 0; nid < 900; nid += 9) {
      await Promise.all(
        [nid, nid + 3, nid + 6].map((n) =>
          database.write({ statements: [message(n), message(n + 1), message(n + 2)] }),
        ),
      )
    }
    isWriting = false
    expect(await reading).toBeGreaterThan(0)
  })

  test('scan: one that takes too long fails, and the next one runs', async () => {
    const { database, byRoom } = await withMessages(3)
    const endless = database.query({ name: 'endless', scan: true })(
      () => sql<{ n: number }>`with recursive c(n) as (select 1 union all select n + 1 from c) select n from c`,
    )
    await expect(database.scan(endless, {}, { timeLimitMs: 50 })).rejects.toThrow(ReadTimeoutError)
    expect(await database.scan(byRoom, { room: 1 })).toHaveLength(3)
  })

  test('scan: beyond the bound of the queue it is refused as busy', async () => {
    const { database, byRoom } = await withMessages(1, { maxQueuedScans: 2 })
    const scans = await Promise.allSettled(Array.from({ length: 5 }, () => database.scan(byRoom, { room: 1 })))
    expect(scans.filter(({ status }) => status === 'fulfilled')).toHaveLength(3)
    expect(scans[4]).toMatchObject({ reason: expect.any(DatabaseBusyError) })
  })

  test('observer and counts: hear of reads and scans', async () => {
    const heard: string[] = []
    const { database, byRoom } = await withMessages(2, {
      observer: { readFinished: ({ query, rows, kind }) => heard.push(`${kind} ${query.name} ${rows}`) },
    })
    await database.all(byRoom, { room: 1 })
    await database.first(byRoom, { room: 1 })
    await database.scan(byRoom, { room: 1 })
    await database.scanJson(byRoom, { room: 1 }, 'message')
    expect(heard).toEqual(['read byRoom 2', 'read byRoom 1', 'scan byRoom 2', 'scan byRoom 2'])
    expect(database.counts()).toEqual({ statements: 2, rowsWritten: 2, batches: 1, reads: 2, scans: 2 })
  })
}
