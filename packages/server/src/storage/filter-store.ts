import { sql } from 'kysely'
import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Filters that users have uploaded. */
export class FilterStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #findByDigest
  readonly #insert

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ userNid: number; filterId: number }>()((q, p) =>
      q.selectFrom('filters').select('json').where('user_nid', '=', p.userNid).where('filter_id', '=', p.filterId),
    )
    this.#findByDigest = database.query<{ userNid: number; digest: Uint8Array }>()((q, p) =>
      q.selectFrom('filters').select('filter_id').where('user_nid', '=', p.userNid).where('digest', '=', p.digest),
    )
    this.#insert = database.query<{ userNid: number; digest: Uint8Array; json: string }>()((q, p) =>
      q
        .insertInto('filters')
        .values({
          user_nid: p.userNid,
          filter_id: sql<number>`(select coalesce(max(filter_id), -1) + 1 from filters where user_nid = ${p.userNid})`,
          digest: p.digest,
          json: p.json,
        })
        .onConflict((conflict) => conflict.doNothing()),
    )
  }

  /** A user's filter, as JSON. */
  async find(userNid: number, filterId: number): Promise<string | undefined> {
    const row = await this.#database.first(this.#find, { userNid, filterId })
    return row?.json
  }

  /** The ID of the user's filter with that content. */
  async findByDigest(userNid: number, digest: Uint8Array): Promise<number | undefined> {
    const row = await this.#database.first(this.#findByDigest, { userNid, digest })
    return row?.filter_id
  }

  /** Adds a filter under the user's next ID, unless the user has one with that content. */
  insert(filter: { readonly userNid: number; readonly digest: Uint8Array; readonly json: string }): BoundWrite {
    return bind(this.#insert, filter)
  }
}
