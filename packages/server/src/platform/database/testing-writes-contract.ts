import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { DatabaseSurroundings, DatabaseObserver, Database, WriteResult } from './database.ts'
import { DatabaseBusyError, DatabaseError, DatabaseUnavailableError } from './errors.ts'
import { heldGate } from './testing-gate.ts'
import { bind, inList, position, returnedRows } from './query.ts'
import type { TestSchema, testQueries } from './testing-schema.ts'
import type { WriteLimits } from './write-queue.ts'

/** Opens a database of the test schema, which is closed after the test. */
export type OpenTestDatabase = (
  options?: DatabaseSurroundings & {
    readonly observer?: DatabaseObserver
    readonly writeLimits?: Partial<WriteLimits>
    readonly maxQueuedScans?: number
  },
) => Promise<{ readonly database: Database<TestSchema> } & ReturnType<typeof testQueries>>

const firstPositions = (results: readonly WriteResult[]) =>
  results.map((result) => (result.committed ? result.position : `refused: ${result.guard}`))

/** What every driver promises of writes. */
export function writesContract(openTestDatabase: OpenTestDatabase): void {
  test('write: an entry is durable and readable once it is answered', async () => {
    const { database, byRoom, message } = await openTestDatabase()
    const result = await database.write({ statements: [message(1, { position: position(0) })], positions: 1 })
    expect(result).toEqual({ committed: true, position: 1, rows: [[]], rowsChanged: 1 })
    expect(database.position()).toBe(1)
    expect(await database.all(byRoom, { room: 1 })).toEqual([{ nid: 1, position: 1, body: 'message 1' }])
  })

  test('write: a failed guard refuses its entry whole and disturbs no other', async () => {
    const gate = heldGate()
    const { database, advance, byRoom, message, version } = await openTestDatabase({ commitGate: gate.commitGate })
    // given one batch whose second entry was built on a head that the first replaces
    const writes = [
      { statements: [advance(1, 0), message(1, { position: position(0) })], positions: 1 },
      { statements: [advance(1, 0), message(2, { position: position(0) })], positions: 1 },
      { statements: [advance(2, 0), message(3, { room: 2, position: position(0) })], positions: 1 },
    ].map((entry) => database.write(entry))
    gate.open()
    // then it alone is refused, and leaves no gap
    expect(firstPositions(await Promise.all(writes))).toEqual([1, 'refused: head', 2])
    expect(await database.first(version, { room: 1 })).toEqual({ version: 1 })
    expect((await database.all(byRoom, { room: 1 })).map(({ nid }) => nid)).toEqual([1])
    expect(database.counts()).toMatchObject({ batches: 1, statements: 5, rowsWritten: 4 })
  })

  test('write: a guard that fails after other statements takes them back', async () => {
    const gate = heldGate()
    const { database, advance, byRoom, message } = await openTestDatabase({ commitGate: gate.commitGate })
    const writes = [
      { statements: [message(1, { position: position(0) })], positions: 1 },
      { statements: [message(2, { position: position(0) }), advance(1, 7)], positions: 1 },
      { statements: [message(3, { position: position(0) })], positions: 1 },
    ].map((entry) => database.write(entry))
    gate.open()
    expect(firstPositions(await Promise.all(writes))).toEqual([1, 'refused: head', 2])
    expect(await database.all(byRoom, { room: 1 })).toEqual([
      { nid: 1, position: 1, body: 'message 1' },
      { nid: 3, position: 2, body: 'message 3' },
    ])
    expect(database.position()).toBe(2)
  })

  test('write: a statement that fails rejects its entry alone, and is named', async () => {
    const { database, byRoom, message } = await openTestDatabase()
    const writes = await Promise.allSettled([
      database.write({ statements: [message(1)] }),
      database.write({ statements: [message(2), message(1)] }),
      database.write({ statements: [message(3)] }),
    ])
    expect(writes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(writes[1]).toMatchObject({ reason: expect.any(DatabaseError) })
    expect(writes[1]).toMatchObject({
      reason: { message: expect.stringMatching(/^insert: (UNIQUE constraint failed|duplicate key)/) },
    })
    expect((await database.all(byRoom, { room: 1 })).map(({ nid }) => nid)).toEqual([1, 3])
  })

  test('write: rows of RETURNING come back; a guard may be a select', async () => {
    const { database } = await openTestDatabase()
    const bump = database.query<{ room: number }>()((q, p) =>
      q.updateTable('rooms').set({ version: sql<number>`version + 5` }).where('room', '=', p.room).returning('version'),
    )
    const exists = database.query<{ room: number }>()((q, p) =>
      q.selectFrom('rooms').select('room').where('room', '=', p.room),
    )
    const result = await database.write({
      statements: [bind(exists, { room: 1 }, { guard: 'room' }), bind(bump, { room: 1 })],
    })
    if (!result.committed) throw new Error('refused')
    expect(returnedRows(result, 1, bump)).toEqual([{ version: 5 }])
    expect(result.rowsChanged).toBe(1)
    expect(await database.write({ statements: [bind(bump, { room: 9 }, { guard: 'room' })] })).toEqual({
      committed: false,
      guard: 'room',
    })
  })

  test('write: blobs arrive as they are, also views of a larger buffer', async () => {
    const { database } = await openTestDatabase()
    const insert = database.query<{ bytes: Uint8Array }>()((q, p) =>
      q.insertInto('messages').values({ nid: 1, room: 1, position: null, body: '', bytes: p.bytes }),
    )
    const select = database.query()((q) => q.selectFrom('messages').select('bytes').where('nid', '=', 1))
    await database.write({ statements: [bind(insert, { bytes: new Uint8Array([9, 1, 2, 9]).subarray(1, 3) })] })
    expect((await database.first(select, {}))?.bytes).toEqual(new Uint8Array([1, 2]))
  })

  test('write: positions are contiguous and answers keep their order, whatever the concurrency', async () => {
    const { database, advance, message } = await openTestDatabase({ writeLimits: { batchEntries: 7 } })
    const answered: number[] = []
    let written = 0
    const writer = async (room: number) => {
      while (written < 300) {
        written += 1
        const nid = written
        const positions = 1 + (nid % 3)
        const isRefused = nid % 5 === 0
        const result = await database.write({
          statements: [message(nid, { room, position: position(0) }), ...(isRefused ? [advance(room, -1)] : [])],
          positions,
        })
        expect(result.committed).toBe(!isRefused)
        if (result.committed) for (let i = 0; i < positions; i += 1) answered.push(result.position + i)
        expect(database.position()).toBeGreaterThanOrEqual(answered.at(-1) ?? 0)
      }
    }
    await Promise.all(Array.from({ length: 20 }, (_, room) => writer(room)))
    expect(answered).toEqual(Array.from({ length: answered.length }, (_, index) => index + 1))
    expect(database.position()).toBe(answered.length)
  })

  test('write: what gathers while a batch is under way becomes the next batch', async () => {
    const gate = heldGate()
    const batches: number[] = []
    const { database, message } = await openTestDatabase({
      commitGate: gate.commitGate,
      observer: { batchCommitted: ({ entries }) => batches.push(entries) },
    })
    const first = database.write({ statements: [message(1)] })
    await gate.arrived()
    const others = [2, 3, 4].map((nid) => database.write({ statements: [message(nid)] }))
    gate.open()
    await Promise.all([first, ...others])
    expect(batches).toEqual([1, 3])
  })

  test('write: a batch has a bound in entries and in bytes', async () => {
    const gate = heldGate()
    const batches: number[] = []
    const { database, message } = await openTestDatabase({
      commitGate: gate.commitGate,
      writeLimits: { batchEntries: 3, batchBytes: 2_000 },
      observer: { batchCommitted: ({ entries }) => batches.push(entries) },
    })
    const bodies = ['', '', '', '', 'x'.repeat(1_500), 'x'.repeat(5_000), '']
    const writes = bodies.map((body, nid) => database.write({ statements: [message(nid, { body })] }))
    gate.open()
    await Promise.all(writes)
    expect(batches).toEqual([3, 2, 1, 1])
  })

  test('commit gate: while it holds, nothing is answered, readable or numbered', async () => {
    const gate = heldGate()
    const { database, byRoom, message } = await openTestDatabase({ commitGate: gate.commitGate })
    let isAnswered = false
    const write = database.write({ statements: [message(1, { position: position(0) })], positions: 1 }).then(() => {
      isAnswered = true
    })
    await gate.arrived()
    expect(await database.scan(byRoom, { room: 1 })).toEqual([])
    expect(await database.all(byRoom, { room: 1 })).toEqual([])
    expect([isAnswered, database.position()]).toEqual([false, 0])
    gate.open()
    await write
    expect([isAnswered, database.position()]).toEqual([true, 1])
  })

  test('write: beyond the bounds of the queue it is refused as busy, and nothing of it is done', async () => {
    const gate = heldGate()
    const { database, byRoom, message } = await openTestDatabase({
      commitGate: gate.commitGate,
      writeLimits: { queuedEntries: 2, queuedBytes: 1_000 },
    })
    const underway = database.write({ statements: [message(1)] })
    await gate.arrived()
    const waiting = database.write({ statements: [message(2, { body: 'x'.repeat(900) })] })
    await expect(database.write({ statements: [message(3, { body: 'x'.repeat(900) })] })).rejects.toThrow(
      DatabaseBusyError,
    )
    gate.letOneThrough()
    await underway
    await gate.arrived()
    const more = [4, 5].map((nid) => database.write({ statements: [message(nid)] }))
    await expect(database.write({ statements: [message(6)] })).rejects.toThrow(DatabaseBusyError)
    gate.open()
    await Promise.all([waiting, ...more])
    expect((await database.all(byRoom, { room: 1 })).map(({ nid }) => nid)).toEqual([1, 2, 4, 5])
  })

  test('close: commits what was taken, refuses what comes after', async () => {
    const gate = heldGate()
    const { database, message, byRoom } = await openTestDatabase({ commitGate: gate.commitGate })
    const write = database.write({ statements: [message(1)] })
    const closed = database.close()
    await expect(database.write({ statements: [message(2)] })).rejects.toThrow(DatabaseUnavailableError)
    gate.open()
    expect(await write).toMatchObject({ committed: true })
    await closed
    await expect(database.all(byRoom, { room: 1 })).rejects.toThrow(DatabaseUnavailableError)
    await expect(database.scan(byRoom, { room: 1 })).rejects.toThrow(DatabaseUnavailableError)
  })

  test('write: text holds every character', async () => {
    const { database, byRoom, message } = await openTestDatabase()
    const bodies = ['a\u0000b', '\u0001', '\u0001\u0002\u0000\u0003', '"\\{},NULL', '', 'NULL', '\u{1F600}']
    const bytes = database.query<{ nid: number; body: string }>()((q, p) =>
      q.updateTable('messages').set({ body: p.body }).where('nid', '=', p.nid).returning('body'),
    )
    await database.write({ statements: bodies.map((body, nid) => message(nid, { body })) })
    expect((await database.all(byRoom, { room: 1 })).map(({ body }) => body)).toEqual(bodies)
    const result = await database.write({ statements: bodies.map((body, nid) => bind(bytes, { nid, body })) })
    if (!result.committed) throw new Error('refused')
    expect(bodies.map((_, nid) => returnedRows(result, nid, bytes))).toEqual(bodies.map((body) => [{ body }]))
  })

  test('write: a list parameter holds every character, and numbers', async () => {
    const { database, byRoom, message } = await openTestDatabase()
    const bodies = ['a\u0000b', '"\\{},NULL', 'c']
    await database.write({ statements: bodies.map((body, nid) => message(nid, { body })) })
    const withBodies = database.query<{ bodies: readonly string[] }>()((q, p) =>
      q.selectFrom('messages').select('nid').where(inList('body', p.bodies)).orderBy('nid'),
    )
    expect(await database.all(withBodies, { bodies: bodies.slice(0, 2) })).toEqual([{ nid: 0 }, { nid: 1 }])
    const remove = database.query<{ nids: readonly number[] }>()((q, p) =>
      q.deleteFrom('messages').where(inList('nid', p.nids)),
    )
    expect(await database.write({ statements: [bind(remove, { nids: [0, 2, 9] })] })).toMatchObject({ rowsChanged: 2 })
    expect((await database.all(byRoom, { room: 1 })).map(({ nid }) => nid)).toEqual([1])
  })

  test('settled: resolves when what is being committed has been answered', async () => {
    const gate = heldGate()
    const { database, message } = await openTestDatabase({ commitGate: gate.commitGate })
    const order: string[] = []
    const write = database.write({ statements: [message(1)] }).then(() => order.push('answered'))
    await gate.arrived()
    const settled = database.settled().then(() => order.push('settled'))
    gate.open()
    await Promise.all([write, settled])
    expect(order).toEqual(['answered', 'settled'])
  })
}
