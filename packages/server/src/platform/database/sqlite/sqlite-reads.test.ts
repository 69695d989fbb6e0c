import { sql } from 'kysely'
import { expect, test } from 'vitest'
import type { AnyQuery, QueryOptions } from '../database.ts'
import { readsContract } from '../testing-reads-contract.ts'
import { inList } from '../query.ts'
import { openTestDatabase } from './testing-database.ts'

readsContract(openTestDatabase)

/** A database with one message in room 1. */
async function withMessage() {
  const opened = await openTestDatabase()
  await opened.database.write({ statements: [opened.message(1)] })
  return opened
}

test('open: a module of formatters that does not load is refused', async () => {
  const formatters = new URL('file:///nowhere/formatters.mjs')
  await expect(openTestDatabase({ formatters })).rejects.toThrow('a reader cannot start')
})

test('scan: a thread that is stuck within a row is replaced', async () => {
  const { database, byRoom } = await withMessage()
  const stuck = database.scanJson(byRoom, { room: 1 }, 'dawdle', { timeLimitMs: 1 })
  await expect(stuck).rejects.toThrow('byRoom took longer than 1 ms')
  expect(await database.scan(byRoom, { room: 1 })).toHaveLength(1)
})

test('scan: a thread that dies fails its scan alone and is replaced', async () => {
  const { database, byRoom } = await withMessage()
  const dying = database.scanJson(byRoom, { room: 1 }, 'die')
  const waiting = database.scan(byRoom, { room: 1 })
  await expect(dying).rejects.toThrow('byRoom: the reader thread is lost')
  expect(await waiting).toHaveLength(1)
})

test('explainUnbounded: finds the reads that take a whole table', async () => {
  const { database } = await openTestDatabase()
  const query = (options: QueryOptions = {}) => database.query<{ body: string; nids: readonly number[] }>(options)
  const cases: [AnyQuery, string | undefined][] = [
    [query()((q, p) => q.selectFrom('messages').select('nid').where('body', '=', p.body)), 'SCAN messages'],
    [
      query()((q) => q.selectFrom('messages as m').select('nid').orderBy('m.room')),
      'SCAN m USING COVERING INDEX messages_by_room',
    ],
    [query()((q) => q.selectFrom('messages').select('nid').orderBy('nid').limit(5)), undefined],
    [query()((q) => q.selectFrom('messages').select('nid').orderBy('body').limit(5)), 'SCAN messages'],
    [query()((q, p) => q.selectFrom('messages').select('nid').where(inList('nid', p.nids))), undefined],
    [query()((q) => q.selectFrom('messages').select('nid').where('room', '=', 1)), undefined],
    [query({ scan: true })((q) => q.selectFrom('messages').select('nid')), undefined],
    [query()((q, p) => q.deleteFrom('messages').where('body', '=', p.body)), 'SCAN messages'],
    [
      query()((q) =>
        q
          .with('few', (w) => w.selectFrom('messages').select('nid').where('room', '=', 1).limit(3))
          .selectFrom('few')
          .selectAll(),
      ),
      undefined,
    ],
    [
      query()(
        () => sql`with recursive c(n) as (select 1 union all select n + 1 from c where n < 5)
          select nid from c join messages on messages.nid = c.n`,
      ),
      undefined,
    ],
  ]
  expect(cases.map(([one]) => database.explainUnbounded(one))).toEqual(cases.map(([, step]) => step))
})
