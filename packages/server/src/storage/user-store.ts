import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** The table of users: the only place that spells a user's ID. */
export class UserStore {
  readonly #database: Database<Schema>
  readonly #findNid
  readonly #findId
  readonly #insert

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#findNid = database.query<{ userId: string }>()((q, p) =>
      q.selectFrom('users').select('user_nid').where('user_id', '=', p.userId),
    )
    this.#findId = database.query<{ userNid: number }>()((q, p) =>
      q.selectFrom('users').select('user_id').where('user_nid', '=', p.userNid),
    )
    this.#insert = database.query<{ userNid: number; userId: string }>()((q, p) =>
      q
        .insertInto('users')
        .values({ user_nid: p.userNid, user_id: p.userId })
        .onConflict((conflict) => conflict.doNothing()),
    )
  }

  /** The number of a user, if the user is known. */
  async findNid(userId: string): Promise<number | undefined> {
    const row = await this.#database.first(this.#findNid, { userId })
    return row?.user_nid
  }

  /** The ID behind a number. */
  async findId(userNid: number): Promise<string | undefined> {
    const row = await this.#database.first(this.#findId, { userNid })
    return row?.user_id
  }

  /** Makes a user known; refused under the guard `user` when another writer was first. */
  insert(userNid: number, userId: string): BoundWrite {
    return bind(this.#insert, { userNid, userId }, { guard: 'user' })
  }
}
