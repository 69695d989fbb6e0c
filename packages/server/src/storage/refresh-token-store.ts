import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** A refresh token. */
export interface RefreshToken {
  readonly tokenHash: Uint8Array
  readonly userNid: number
  readonly deviceId: string
  /** Undefined: never. */
  readonly expiresTs: number | undefined
  /** When the login ends, refreshed or not; undefined: never. */
  readonly sessionExpiresTs: number | undefined
}

/** A refresh token as stored, with the one it was exchanged for. */
export interface RefreshTokenRow extends RefreshToken {
  readonly nextTokenHash: Uint8Array | undefined
}

/** Refresh tokens, known by their hashes alone. */
export class RefreshTokenStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #insert
  readonly #replaceNext
  readonly #setFirstNext
  readonly #remove
  readonly #removePredecessors
  readonly #removeOfDevice
  readonly #removeOfUser

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ tokenHash: Uint8Array }>()((q, p) =>
      q.selectFrom('refresh_tokens').selectAll().where('token_hash', '=', p.tokenHash),
    )
    this.#insert = database.query<{
      tokenHash: Uint8Array
      userNid: number
      deviceId: string
      expiresTs: number | null
      sessionExpiresTs: number | null
    }>()((q, p) =>
      q.insertInto('refresh_tokens').values({
        token_hash: p.tokenHash,
        user_nid: p.userNid,
        device_id: p.deviceId,
        expires_ts: p.expiresTs,
        session_expires_ts: p.sessionExpiresTs,
      }),
    )
    this.#setFirstNext = database.query<{ tokenHash: Uint8Array; next: Uint8Array }>()((q, p) =>
      q
        .updateTable('refresh_tokens')
        .set({ next_token_hash: p.next })
        .where('token_hash', '=', p.tokenHash)
        .where('next_token_hash', 'is', null),
    )
    this.#replaceNext = database.query<{ tokenHash: Uint8Array; expected: Uint8Array; next: Uint8Array }>()((q, p) =>
      q
        .updateTable('refresh_tokens')
        .set({ next_token_hash: p.next })
        .where('token_hash', '=', p.tokenHash)
        .where('next_token_hash', '=', p.expected),
    )
    this.#remove = database.query<{ tokenHash: Uint8Array }>()((q, p) =>
      q.deleteFrom('refresh_tokens').where('token_hash', '=', p.tokenHash),
    )
    this.#removePredecessors = database.query<{ tokenHash: Uint8Array }>()((q, p) =>
      q.deleteFrom('refresh_tokens').where('next_token_hash', '=', p.tokenHash),
    )
    this.#removeOfDevice = database.query<{ userNid: number; deviceId: string }>()((q, p) =>
      q.deleteFrom('refresh_tokens').where('user_nid', '=', p.userNid).where('device_id', '=', p.deviceId),
    )
    this.#removeOfUser = database.query<{ userNid: number }>()((q, p) =>
      q.deleteFrom('refresh_tokens').where('user_nid', '=', p.userNid),
    )
  }

  /** The token of that hash, expired or not. */
  async find(tokenHash: Uint8Array): Promise<RefreshTokenRow | undefined> {
    const row = await this.#database.first(this.#find, { tokenHash })
    return (
      row && {
        tokenHash: row.token_hash,
        userNid: row.user_nid,
        deviceId: row.device_id,
        expiresTs: row.expires_ts ?? undefined,
        sessionExpiresTs: row.session_expires_ts ?? undefined,
        nextTokenHash: row.next_token_hash ?? undefined,
      }
    )
  }

  insert(token: RefreshToken): BoundWrite {
    return bind(this.#insert, {
      ...token,
      expiresTs: token.expiresTs ?? null,
      sessionExpiresTs: token.sessionExpiresTs ?? null,
    })
  }

  /**
   * Names a token's successor; refused under the guard `refresh` when the token is gone or has another successor than
   * expected: somebody else has refreshed it meanwhile.
   */
  setNext(tokenHash: Uint8Array, expected: Uint8Array | undefined, next: Uint8Array): BoundWrite {
    return expected === undefined
      ? bind(this.#setFirstNext, { tokenHash, next }, { guard: 'refresh' })
      : bind(this.#replaceNext, { tokenHash, expected, next }, { guard: 'refresh' })
  }

  remove(tokenHash: Uint8Array): BoundWrite {
    return bind(this.#remove, { tokenHash })
  }

  /** Removes the tokens that were exchanged for this one. */
  removePredecessors(tokenHash: Uint8Array): BoundWrite {
    return bind(this.#removePredecessors, { tokenHash })
  }

  removeOfDevice(userNid: number, deviceId: string): BoundWrite {
    return bind(this.#removeOfDevice, { userNid, deviceId })
  }

  removeOfUser(userNid: number): BoundWrite {
    return bind(this.#removeOfUser, { userNid })
  }
}
