import type { Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import { sql } from 'kysely'
import type { Schema } from './schema.ts'

/** Kinds of things that have integer numbers. */
export type NumberKind = 'event' | 'room' | 'user'

/** Hands out blocks of numbers, so that a process numbers what it makes without asking the database each time. */
export class NumberStore {
  readonly #database: Database<Schema>
  readonly #take

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#take = database.query<{ kind: string; count: number }>()((q, p) =>
      q
        .updateTable('numbers')
        .set({ next: sql<number>`next + ${p.count}` })
        .where('kind', '=', p.kind)
        .returning('next'),
    )
  }

  /** Takes `count` consecutive numbers of a kind for good and returns the first. */
  async takeBlock(kind: NumberKind, count: number): Promise<number> {
    const result = await this.#database.write({ statements: [bind(this.#take, { kind, count }, { guard: 'kind' })] })
    const next = result.committed ? result.rows[0]?.[0]?.['next'] : undefined
    if (typeof next !== 'number') throw new Error(`no numbers of kind ${kind}`)
    return next - count
  }
}
