import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** A user-interactive authentication under way. */
export interface UiAuthSession {
  readonly sessionId: string
  /** Who asked; undefined where nobody is signed in. */
  readonly userNid: number | undefined
  readonly method: string
  readonly path: string
  readonly requestDigest: Uint8Array
  /** JSON: the request's parameters, passwords left out. */
  readonly parameters: string
  /** JSON: what each completed stage found out. */
  readonly completed: string
  /** JSON: what the request did once it was authenticated. */
  readonly outcome: string | undefined
  readonly expiresTs: number
}

/** User-interactive authentications under way. */
export class UiAuthStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #insert
  readonly #update
  readonly #setOutcome
  readonly #removeExpired

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ sessionId: string }>()((q, p) =>
      q.selectFrom('ui_auth_sessions').selectAll().where('session_id', '=', p.sessionId),
    )
    this.#insert = database.query<{
      sessionId: string
      userNid: number | null
      method: string
      path: string
      requestDigest: Uint8Array
      parameters: string
      completed: string
      expiresTs: number
    }>()((q, p) =>
      q.insertInto('ui_auth_sessions').values({
        session_id: p.sessionId,
        user_nid: p.userNid,
        method: p.method,
        path: p.path,
        request_digest: p.requestDigest,
        parameters: p.parameters,
        completed: p.completed,
        expires_ts: p.expiresTs,
      }),
    )
    this.#update = database.query<{
      sessionId: string
      expected: string
      requestDigest: Uint8Array
      parameters: string
      completed: string
    }>()((q, p) =>
      q
        .updateTable('ui_auth_sessions')
        .set({ request_digest: p.requestDigest, parameters: p.parameters, completed: p.completed })
        .where('session_id', '=', p.sessionId)
        .where('completed', '=', p.expected),
    )
    this.#setOutcome = database.query<{ sessionId: string; outcome: string }>()((q, p) =>
      q.updateTable('ui_auth_sessions').set({ outcome: p.outcome }).where('session_id', '=', p.sessionId),
    )
    this.#removeExpired = database.query<{ before: number; limit: number }>()((q, p) =>
      q
        .deleteFrom('ui_auth_sessions')
        .where(
          'session_id',
          'in',
          q
            .selectFrom('ui_auth_sessions')
            .select('session_id')
            .where('expires_ts', '<', p.before)
            .orderBy('expires_ts')
            .limit(p.limit),
        ),
    )
  }

  /** The session of that ID, expired or not. */
  async find(sessionId: string): Promise<UiAuthSession | undefined> {
    const row = await this.#database.first(this.#find, { sessionId })
    return (
      row && {
        sessionId: row.session_id,
        userNid: row.user_nid ?? undefined,
        method: row.method,
        path: row.path,
        requestDigest: row.request_digest,
        parameters: row.parameters,
        completed: row.completed,
        outcome: row.outcome ?? undefined,
        expiresTs: row.expires_ts,
      }
    )
  }

  insert(session: Omit<UiAuthSession, 'outcome'>): BoundWrite {
    return bind(this.#insert, { ...session, userNid: session.userNid ?? null })
  }

  /**
   * Records completed stages and the latest parameters; refused under the guard `session` when another request has
   * completed a stage since `expected` was read.
   */
  update(session: UiAuthSession, expected: string): BoundWrite {
    const { sessionId, requestDigest, parameters, completed } = session
    return bind(this.#update, { sessionId, expected, requestDigest, parameters, completed }, { guard: 'session' })
  }

  /** Records what the authenticated request did. */
  setOutcome(sessionId: string, outcome: string): BoundWrite {
    return bind(this.#setOutcome, { sessionId, outcome })
  }

  /** Removes up to `limit` sessions that expired before a time, in milliseconds since the epoch. */
  removeExpired(before: number, limit: number): BoundWrite {
    return bind(this.#removeExpired, { before, limit })
  }
}
