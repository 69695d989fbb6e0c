import type { BoundWrite, Database, Parameter } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** The room number that stands for global account data. */
export const GLOBAL_ACCOUNT_DATA = 0

/** One piece of account data. */
export interface AccountDataRow {
  /** `GLOBAL_ACCOUNT_DATA`, or the room it belongs to. */
  readonly roomNid: number
  readonly type: string
  /** JSON object. */
  readonly content: string
  /** Of its last change. */
  readonly position: number
}

/** What users keep on this server for their clients. */
export class AccountDataStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #ofUser
  readonly #changedSince
  readonly #upsert

  constructor(database: Database<Schema>) {
    this.#database = database
    const columns = ['room_nid', 'type', 'content', 'position'] as const
    this.#find = database.query<{ userNid: number; roomNid: number; type: string }>()((q, p) =>
      q
        .selectFrom('account_data')
        .select('content')
        .where('user_nid', '=', p.userNid)
        .where('room_nid', '=', p.roomNid)
        .where('type', '=', p.type),
    )
    this.#ofUser = database.query<{ userNid: number; upTo: number }>({ scan: true })((q, p) =>
      q
        .selectFrom('account_data')
        .select(columns)
        .where('user_nid', '=', p.userNid)
        .where('position', '<=', p.upTo)
        .orderBy('position'),
    )
    this.#changedSince = database.query<{ userNid: number; since: number; upTo: number; limit: number }>()((q, p) =>
      q
        .selectFrom('account_data')
        .select(columns)
        .where('user_nid', '=', p.userNid)
        .where('position', '>', p.since)
        .where('position', '<=', p.upTo)
        .orderBy('position')
        .limit(p.limit),
    )
    this.#upsert = database.query<{
      userNid: number
      roomNid: number
      type: string
      content: string
      position: number
    }>()((q, p) =>
      q
        .insertInto('account_data')
        .values({ user_nid: p.userNid, room_nid: p.roomNid, type: p.type, content: p.content, position: p.position })
        .onConflict((conflict) =>
          conflict.columns(['user_nid', 'room_nid', 'type']).doUpdateSet((update) => ({
            content: update.ref('excluded.content'),
            position: update.ref('excluded.position'),
          })),
        ),
    )
  }

  /** The content of one piece, as JSON. */
  async find(userNid: number, roomNid: number, type: string): Promise<string | undefined> {
    const row = await this.#database.first(this.#find, { userNid, roomNid, type })
    return row?.content
  }

  /** Everything a user keeps, global and of rooms, that last changed at or before a position; in order of change. */
  async ofUser(userNid: number, upTo: number): Promise<AccountDataRow[]> {
    const rows = await this.#database.scan(this.#ofUser, { userNid, upTo })
    return rows.map(toAccountData)
  }

  /** What last changed after `since` and at or before `upTo`; in order of change. @param limit at most 100 */
  async changedSince(userNid: number, since: number, upTo: number, limit = 100): Promise<AccountDataRow[]> {
    const rows = await this.#database.all(this.#changedSince, { userNid, since, upTo, limit })
    return rows.map(toAccountData)
  }

  /** Sets one piece. @param entry `position` is the change's. */
  upsert(entry: {
    readonly userNid: number
    readonly roomNid: number
    readonly type: string
    readonly content: string
    readonly position: Parameter<number>
  }): BoundWrite {
    return bind(this.#upsert, entry)
  }
}

function toAccountData(row: { room_nid: number; type: string; content: string; position: number }): AccountDataRow {
  return { roomNid: row.room_nid, type: row.type, content: row.content, position: row.position }
}
