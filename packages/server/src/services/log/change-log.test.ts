import { expect, test } from 'vitest'
import type { WriteEntry, WriteResult } from '../../platform/database/database.ts'
import { changeKind } from '../../storage/change-kind.ts'
import { type Change, ChangeLog, type ChangeLogDeps } from './change-log.ts'

/** A database that several processes share, seen from one of them; the test decides when it answers. */
class SharedDatabase {
  readonly rows: Change[] = []
  readonly #answers: (() => void)[] = []
  #advance: (position: number) => void = () => {}
  #underWay: Promise<unknown> = Promise.resolve()
  readsThatFail = 0

  readonly database: ChangeLogDeps['database'] = {
    position: () => 0,
    onAdvance: (listener) => {
      this.#advance = listener
    },
    settled: async () => {
      await this.#underWay
    },
    // Committed at once; the answer waits for the test.
    write: ({ positions = 0 }: WriteEntry): Promise<WriteResult> => {
      const position = this.rows.length + 1
      for (let n = 0; n < positions; n += 1) this.commit('own')
      const { promise, resolve } = Promise.withResolvers<WriteResult>()
      this.#answers.push(() => resolve({ committed: true, position, rows: [], rowsChanged: 0 }))
      this.#underWay = promise
      return promise
    },
  }

  readonly changes: ChangeLogDeps['changes'] = {
    insert: () => ({ query: anyQuery, values: [], guard: undefined }),
    after: async (position, limit) => {
      if (this.readsThatFail > 0) {
        this.readsThatFail -= 1
        throw new Error('the database is away')
      }
      return this.rows.filter((row) => row.position > position).slice(0, limit)
    },
  }

  commit(who: 'own' | 'foreign'): void {
    this.rows.push({ kind: changeKind.profile, position: this.rows.length + 1, userNid: who === 'own' ? 1 : 2 })
  }

  /** Tells how far the stream has got. */
  advance(position = this.rows.length): void {
    this.#advance(position)
  }

  /** Answers the oldest write under way. */
  answer(): void {
    this.#answers.shift()?.()
  }
}

const anyQuery = {
  id: 0,
  name: '',
  sql: '',
  slots: [],
  kind: 'write',
  returnsRows: false,
  isScan: false,
  encodeList: () => null,
} as const

const own = { statements: [], changes: [{ kind: changeKind.profile, userNid: 1 }] }

/** A log on a shared database, and what has come of it so far. */
function followed() {
  const shared = new SharedDatabase()
  const errors: unknown[] = []
  const log = new ChangeLog({ ...shared, onTailError: (error) => errors.push(error) })
  const heard: string[] = []
  log.prepareForeign(
    async () =>
      ({ position }) =>
        heard.push(`prepared ${position}`),
  )
  log.listen(({ position, userNid }) => heard.push(`${userNid === 1 ? 'own' : 'foreign'} ${position}`))
  return { shared, log, heard, errors }
}

/** Lets everything run that can. */
async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}

test('changes of other processes are prepared for and published, in order', async () => {
  const { shared, log, heard } = followed()
  for (let n = 0; n < 250; n += 1) shared.commit('foreign')
  shared.advance()
  await turns()
  expect(heard).toEqual(shared.rows.flatMap(({ position }) => [`prepared ${position}`, `foreign ${position}`]))
  expect(log.position).toBe(250)
})

test("an own commit waits for the other processes' changes before it, and is answered when it is published", async () => {
  const { shared, log, heard } = followed()
  shared.commit('foreign')
  shared.commit('foreign')
  const durable: number[] = []
  const appended = log.append({ ...own, onDurable: (first) => durable.push(first) }).then(() => heard.push('answered'))
  shared.answer()
  await appended
  expect(heard).toEqual(['prepared 1', 'foreign 1', 'prepared 2', 'foreign 2', 'own 3', 'answered'])
  expect(durable).toEqual([3])
})

test('an own commit that the tail reads before it is answered is published once, as our own', async () => {
  const { shared, log, heard } = followed()
  const appended = log.append(own)
  shared.commit('foreign')
  shared.advance()
  await turns()
  expect(heard).toEqual([])
  shared.answer()
  await appended
  await turns()
  expect(heard).toEqual(['own 1', 'prepared 2', 'foreign 2'])
})

test('what could not be read is read when the position is told of again', async () => {
  const { shared, heard, errors } = followed()
  shared.commit('foreign')
  shared.readsThatFail = 1
  shared.advance()
  await turns()
  expect([heard, errors.length]).toEqual([[], 1])
  shared.advance()
  await turns()
  expect(heard).toEqual(['prepared 1', 'foreign 1'])
})

test('positions whose rows have been cleared away are passed over', async () => {
  const { shared, log, heard } = followed()
  for (let n = 0; n < 4; n += 1) shared.commit('foreign')
  shared.rows.splice(1, 2)
  shared.advance(4)
  await turns()
  expect(heard).toEqual(['prepared 1', 'foreign 1', 'prepared 4', 'foreign 4'])
  expect(log.position).toBe(4)
})

test('what is heard of while changes are being published is published too', async () => {
  const { shared, log, heard } = followed()
  log.listen(({ position }) => {
    if (position === 3) return
    shared.commit('foreign')
    shared.advance()
  })
  shared.commit('foreign')
  shared.advance()
  await turns()
  expect(heard.filter((line) => line.startsWith('foreign'))).toEqual(['foreign 1', 'foreign 2', 'foreign 3'])
})
