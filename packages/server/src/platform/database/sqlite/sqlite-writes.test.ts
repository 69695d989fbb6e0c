import type { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { writesContract } from '../testing-writes-contract.ts'
import { type DatabaseError, DatabaseUnavailableError } from '../errors.ts'
import { heldGate } from '../testing-gate.ts'
import { openTestDatabase } from './testing-database.ts'

writesContract(openTestDatabase)

test('writer pragmas: by default each commit is synced to the disk', async () => {
  const { database } = await openTestDatabase({ synchronous: 'FULL' })
  expect(await database.writerSettings()).toMatchObject({ journal_mode: 'wal', synchronous: 2, foreign_keys: 1 })
})

test('writer thread: its death rejects what is under way and waiting, is reported once, and ends writing', async () => {
  const threads: Worker[] = []
  const remember = (thread: Worker) => threads.push(thread)
  process.on('worker', remember)
  const gate = heldGate()
  const fatal = Promise.withResolvers<DatabaseError>()
  const { database, byRoom, message } = await openTestDatabase({
    commitGate: gate.commitGate,
    onFatal: fatal.resolve,
  })
  process.off('worker', remember)
  const writes = Promise.allSettled([
    database.write({ statements: [message(1)] }),
    gate.arrived().then(() => database.write({ statements: [message(2)] })),
  ])
  await gate.arrived()
  await threads[0]?.terminate()
  gate.open()
  expect(await fatal.promise).toBeInstanceOf(DatabaseUnavailableError)
  for (const write of await writes) expect(write).toMatchObject({ reason: expect.any(DatabaseUnavailableError) })
  await expect(database.write({ statements: [message(3)] })).rejects.toThrow(DatabaseUnavailableError)
  expect(await database.all(byRoom, { room: 1 })).toEqual([])
})
