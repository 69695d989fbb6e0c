import { sql } from 'kysely'
import { expect, test } from 'vitest'
import { bind, position } from '../../src/platform/database/query.ts'
import { until } from '../harness/index.ts'
import { emptyDatabase, openTestDatabase } from './open-database.ts'

/** Two drivers on one database. */
async function twoDrivers(options: Parameters<typeof openTestDatabase>[0] = {}) {
  const connection = { connectionString: (await emptyDatabase()).href }
  return [
    await openTestDatabase({ ...options, connection }),
    await openTestDatabase({ ...options, connection }),
  ] as const
}

test('of two writers who build on one head, one is refused', async () => {
  const drivers = await twoDrivers()
  const results = await Promise.all(
    drivers.map(({ database, advance, message }, nid) =>
      database.write({ statements: [advance(1, 0), message(nid, { position: position(0) })], positions: 1 }),
    ),
  )
  expect(results.map(({ committed }) => committed).sort()).toEqual([false, true])
  const [{ database, byRoom, version }] = drivers
  expect(await database.first(version, { room: 1 })).toEqual({ version: 1 })
  expect(await database.all(byRoom, { room: 1 })).toMatchObject([{ position: 1 }])
})

test('positions of two writers under load have no gap and no double, and each writer is answered in order', async () => {
  const drivers = await twoDrivers({ writeLimits: { batchEntries: 7 } })
  const answered = await Promise.all(
    drivers.map(async ({ database, message, advance }, driver) => {
      const positions: number[] = []
      const writer = async (room: number) => {
        for (let n = 0; n < 30; n += 1) {
          const nid = driver * 100_000 + room * 1_000 + n
          const isRefused = n % 5 === 0
          const statements = [message(nid, { room, position: position(0) }), ...(isRefused ? [advance(room, -1)] : [])]
          const count = 1 + (n % 3)
          const result = await database.write({ statements, positions: count })
          expect(result.committed).toBe(!isRefused)
          if (result.committed) for (let i = 0; i < count; i += 1) positions.push(result.position + i)
        }
      }
      await Promise.all(Array.from({ length: 10 }, (_, room) => writer(room)))
      return positions
    }),
  )
  for (const positions of answered) expect(positions).toEqual([...positions].sort((a, b) => a - b))
  const all = answered.flat().sort((a, b) => a - b)
  expect(all).toEqual(Array.from({ length: all.length }, (_, index) => index + 1))
})

test('writers who touch the same rows in opposite orders both get through', async () => {
  const drivers = await twoDrivers()
  const results = await Promise.all(
    drivers.flatMap(({ database }, driver) => {
      const touch = database.query<{ room: number }>()((q, p) =>
        q
          .updateTable('rooms')
          .set((eb) => ({ version: eb('version', '+', 1) }))
          .where('room', '=', p.room),
      )
      const rooms = driver === 0 ? [1, 2] : [2, 1]
      return Array.from({ length: 50 }, () =>
        database.write({ statements: rooms.map((room) => bind(touch, { room })) }),
      )
    }),
  )
  expect(results.every(({ committed }) => committed)).toBe(true)
  const [{ database, version }] = drivers
  expect(await database.first(version, { room: 1 })).toEqual({ version: 100 })
  expect(await database.first(version, { room: 2 })).toEqual({ version: 100 })
})

test.each([
  ['by wake-ups', {}],
  ['by reading the counter', { wakeUps: false }],
])('a driver hears %s how far the other has got', async (_, options) => {
  const [a, b] = await twoDrivers(options)
  const heard: number[] = []
  b.database.onAdvance((at) => heard.push(at))
  for (let nid = 1; nid <= 3; nid += 1) {
    await a.database.write({ statements: [a.message(nid, { position: position(0) })], positions: 1 })
    await until('the other has heard of it', () => heard.at(-1) === nid)
  }
  expect(heard).toEqual([...heard].sort((x, y) => x - y))
})

test('a statement that the server does not understand concerns its entry alone', async () => {
  const { database, message, byRoom } = await openTestDatabase()
  const broken = database.query({ name: 'broken' })(() => sql`insert into nowhere values (1)`)
  const results = await Promise.allSettled([
    database.write({ statements: [message(1)] }),
    database.write({ statements: [message(2), bind(broken, {})] }),
    database.write({ statements: [message(3)] }),
  ])
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
  expect(results[1]).toMatchObject({ reason: { message: 'broken: relation "nowhere" does not exist' } })
  expect((await database.all(byRoom, { room: 1 })).map(({ nid }) => nid)).toEqual([1, 3])
})
