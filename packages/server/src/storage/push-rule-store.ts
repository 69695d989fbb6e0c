import { parseUserId, type UserId } from '@magik/protocol'
import type { BoundWrite, Database, Parameter } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** A user's push rules. */
export interface PushRulesRow {
  readonly version: number
  /** Of the last change. */
  readonly position: number
  /** JSON. */
  readonly rules: string
}

/** Earlier rules of a user. */
export interface PushRuleHistoryRow {
  /** The position up to which they held. */
  readonly until: number
  /** JSON. */
  readonly rules: string
}

/** Most earlier versions of a user's rules that are kept. */
export const MAX_PUSH_RULE_HISTORY = 50

/** Users' push rules, as far as they are other than the server's. */
export class PushRuleStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #history
  readonly #personalInRoom
  readonly #upsert
  readonly #insertHistory
  readonly #trimHistory

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ userNid: number }>()((q, p) =>
      q.selectFrom('push_rules').select(['version', 'position', 'rules']).where('user_nid', '=', p.userNid),
    )
    this.#history = database.query<{ userNid: number; limit: number }>()((q, p) =>
      q
        .selectFrom('push_rule_history')
        .select(['until', 'rules'])
        .where('user_nid', '=', p.userNid)
        .orderBy('until', 'desc')
        .limit(p.limit),
    )
    this.#personalInRoom = database.query<{ roomNid: number }>({ scan: true })((q, p) =>
      q
        .selectFrom('memberships')
        .innerJoin('push_rules', 'push_rules.user_nid', 'memberships.user_nid')
        .innerJoin('users', 'users.user_nid', 'memberships.user_nid')
        .select(['memberships.user_nid', 'users.user_id'])
        .where('memberships.room_nid', '=', p.roomNid)
        .where('memberships.membership', '=', 'join')
        .where('memberships.is_local', '=', 1)
        .where('push_rules.has_personal', '=', 1),
    )
    this.#upsert = database.query<{
      userNid: number
      expected: number
      version: number
      position: number
      hasPersonal: number
      rules: string
    }>()((q, p) =>
      q
        .insertInto('push_rules')
        .values({
          user_nid: p.userNid,
          version: p.version,
          position: p.position,
          has_personal: p.hasPersonal,
          rules: p.rules,
        })
        .onConflict((conflict) =>
          conflict
            .column('user_nid')
            .doUpdateSet((eb) => ({
              version: eb.ref('excluded.version'),
              position: eb.ref('excluded.position'),
              has_personal: eb.ref('excluded.has_personal'),
              rules: eb.ref('excluded.rules'),
            }))
            .where('push_rules.version', '=', p.expected),
        ),
    )
    this.#insertHistory = database.query<{ userNid: number; until: number; rules: string }>()((q, p) =>
      q.insertInto('push_rule_history').values({ user_nid: p.userNid, until: p.until, rules: p.rules }),
    )
    this.#trimHistory = database.query<{ userNid: number; upTo: number }>()((q, p) =>
      q.deleteFrom('push_rule_history').where('user_nid', '=', p.userNid).where('until', '<=', p.upTo),
    )
  }

  /** A user's rules; undefined while they are the server's. */
  async find(userNid: number): Promise<PushRulesRow | undefined> {
    return this.#database.first(this.#find, { userNid })
  }

  /** A user's earlier rules, oldest first. */
  async history(userNid: number): Promise<PushRuleHistoryRow[]> {
    const rows = await this.#database.all(this.#history, { userNid, limit: MAX_PUSH_RULE_HISTORY })
    return rows.reverse()
  }

  /** The local members of a room who have rules of their own that look at events. */
  async personalInRoom(roomNid: number): Promise<{ userNid: number; userId: UserId }[]> {
    const rows = await this.#database.scan(this.#personalInRoom, { roomNid })
    return rows.map((row) => ({ userNid: row.user_nid, userId: parseUserId(row.user_id) }))
  }

  /** Sets a user's rules; refused under the guard `push_rules` when another writer was first. */
  upsert(entry: {
    readonly userNid: number
    /** Version of what is replaced; 0 if the user had none. */
    readonly expected: number
    readonly position: Parameter<number>
    readonly hasPersonal: boolean
    readonly rules: string
  }): BoundWrite {
    const parameters = { ...entry, version: entry.expected + 1, hasPersonal: entry.hasPersonal ? 1 : 0 }
    return bind(this.#upsert, parameters, { guard: 'push_rules' })
  }

  /** Keeps rules that have been replaced. */
  insertHistory(userNid: number, until: Parameter<number>, rules: string): BoundWrite {
    return bind(this.#insertHistory, { userNid, until, rules })
  }

  /** Forgets rules that were replaced at or before a position. */
  trimHistory(userNid: number, upTo: number): BoundWrite {
    return bind(this.#trimHistory, { userNid, upTo })
  }
}
