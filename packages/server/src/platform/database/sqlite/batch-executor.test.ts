import { DatabaseSync } from 'node:sqlite'
import { expect, test } from 'vitest'
import { BatchExecutor } from './batch-executor.ts'
import type { Batch } from './messages.ts'
import { TEST_MIGRATION } from '../testing-schema.ts'

const insert = { id: 0, sql: 'INSERT INTO messages (nid, room, body) VALUES (?, 1, ?)', slots: 2 } as const

/** One entry per body, each taking a position. */
function batchOf(bodies: readonly string[], firstNid: number): Batch {
  return {
    newStatements: [{ ...insert, kind: 'write', returnsRows: false }],
    entries: bodies.length,
    program: bodies.flatMap(() => [1, 1, insert.id, 0]),
    values: bodies.flatMap((body, index) => [firstNid + index, body]),
  }
}

test('a full disk undoes the whole batch and the next one finds everything in order', () => {
  // given a database with room for about a hundred pages more
  const connection = new DatabaseSync(':memory:')
  connection.exec(TEST_MIGRATION)
  connection.exec('PRAGMA max_page_count = 100')
  const executor = new BatchExecutor(connection)
  expect(executor.execute(batchOf(['a'], 1)).rowsChanged).toEqual([1])
  // when a batch does not fit
  expect(() => executor.execute(batchOf(['b', 'x'.repeat(1_000_000)], 2))).toThrow('full')
  // then nothing of it is there, and the numbering goes on
  expect(connection.isTransaction).toBe(false)
  expect(executor.position()).toBe(1)
  expect(executor.execute(batchOf(['c'], 2))).toMatchObject({ position: 1, rowsChanged: [1] })
  expect(connection.prepare('SELECT body FROM messages ORDER BY nid').all()).toEqual([{ body: 'a' }, { body: 'c' }])
})

test('a statement the database does not understand concerns its entry alone', () => {
  const connection = new DatabaseSync(':memory:')
  connection.exec(TEST_MIGRATION)
  const outcome = new BatchExecutor(connection).execute({
    newStatements: [
      { ...insert, kind: 'write', returnsRows: false },
      { id: 1, sql: 'INSERT INTO nowhere VALUES (1)', slots: 0, kind: 'write', returnsRows: false },
    ],
    entries: 2,
    program: [2, 0, 0, 0, 1, 0, 1, 0, 0, 0],
    values: [1, 'a', 2, 'b'],
  })
  expect(outcome).toMatchObject({ rowsChanged: [0, 1], failed: [{ entry: 0, statement: 1 }] })
  expect(connection.prepare('SELECT body FROM messages').all()).toEqual([{ body: 'b' }])
})
