import type { Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Facts about this database that are settled when it is made. */
export class MetaStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #insert

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ key: string }>()((q, p) =>
      q.selectFrom('meta').select('value').where('key', '=', p.key),
    )
    this.#insert = database.query<{ key: string; value: string }>()((q, p) =>
      q
        .insertInto('meta')
        .values({ key: p.key, value: p.value })
        .onConflict((conflict) => conflict.doNothing()),
    )
  }

  /** The value of a fact, if it is settled. */
  async find(key: string): Promise<string | undefined> {
    return (await this.#database.first(this.#find, { key }))?.value
  }

  /** The value of a fact; `make` settles it where nobody has yet. */
  async settle(key: string, make: () => string): Promise<string> {
    const row = await this.#database.first(this.#find, { key })
    if (row !== undefined) return row.value
    const value = make()
    // Of two processes that start on a new database at once, the first one settles it.
    const result = await this.#database.write({
      statements: [bind(this.#insert, { key, value }, { guard: 'settled' })],
    })
    if (result.committed) return value
    return this.settle(key, make)
  }
}
