import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** An access token with what a request needs to know of its account: one read. */
export interface AccessTokenRow {
  readonly userNid: number
  readonly deviceId: string | undefined
  /** Undefined: never. */
  readonly expiresTs: number | undefined
  readonly validatedTs: number
  /** Came from a refresh and has not been used yet. */
  readonly isUnusedRefresh: boolean
  readonly isAdmin: boolean
  readonly isGuest: boolean
  readonly isDeactivated: boolean
  readonly isLocked: boolean
  readonly isSuspended: boolean
}

/** An access token about to be given out. */
export interface NewAccessToken {
  readonly tokenHash: Uint8Array
  readonly userNid: number
  readonly deviceId: string | undefined
  readonly createdTs: number
  readonly expiresTs: number | undefined
  readonly validatedTs: number
  /** The refresh token given out beside it. */
  readonly refreshTokenHash: Uint8Array | undefined
  /** Whether it replaces another: then its first use is noted. */
  readonly isFromRefresh: boolean
}

/** Access tokens, known by their hashes alone. */
export class AccessTokenStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #besideRefreshToken
  readonly #insert
  readonly #markUsed
  readonly #markValidated
  readonly #remove
  readonly #removeBesideRefreshToken
  readonly #removeExpired
  readonly #removeOfDevice
  readonly #removeOfUser

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ tokenHash: Uint8Array }>()((q, p) =>
      q
        .selectFrom('access_tokens as token')
        .innerJoin('accounts as account', 'account.user_nid', 'token.user_nid')
        .select([
          'token.user_nid',
          'token.device_id',
          'token.expires_ts',
          'token.validated_ts',
          'token.refresh_token_hash',
          'token.is_used',
          'account.is_admin',
          'account.is_guest',
          'account.is_deactivated',
          'account.is_locked',
          'account.is_suspended',
        ])
        .where('token.token_hash', '=', p.tokenHash),
    )
    this.#besideRefreshToken = database.query<{ refreshTokenHash: Uint8Array }>()((q, p) =>
      q
        .selectFrom('access_tokens')
        .select(['is_used', 'validated_ts'])
        .where('refresh_token_hash', '=', p.refreshTokenHash)
        .limit(1),
    )
    this.#insert = database.query<{
      tokenHash: Uint8Array
      userNid: number
      deviceId: string | null
      createdTs: number
      expiresTs: number | null
      validatedTs: number
      refreshTokenHash: Uint8Array | null
      isUsed: number
    }>()((q, p) =>
      q.insertInto('access_tokens').values({
        token_hash: p.tokenHash,
        user_nid: p.userNid,
        device_id: p.deviceId,
        created_ts: p.createdTs,
        expires_ts: p.expiresTs,
        validated_ts: p.validatedTs,
        refresh_token_hash: p.refreshTokenHash,
        is_used: p.isUsed,
      }),
    )
    this.#markUsed = database.query<{ tokenHash: Uint8Array }>()((q, p) =>
      q.updateTable('access_tokens').set({ is_used: 1 }).where('token_hash', '=', p.tokenHash),
    )
    this.#markValidated = database.query<{ tokenHash: Uint8Array; validatedTs: number }>()((q, p) =>
      q.updateTable('access_tokens').set({ validated_ts: p.validatedTs }).where('token_hash', '=', p.tokenHash),
    )
    this.#remove = database.query<{ tokenHash: Uint8Array }>()((q, p) =>
      q.deleteFrom('access_tokens').where('token_hash', '=', p.tokenHash),
    )
    this.#removeBesideRefreshToken = database.query<{ refreshTokenHash: Uint8Array }>()((q, p) =>
      q.deleteFrom('access_tokens').where('refresh_token_hash', '=', p.refreshTokenHash),
    )
    this.#removeExpired = database.query<{ userNid: number; deviceId: string; before: number }>()((q, p) =>
      q
        .deleteFrom('access_tokens')
        .where('user_nid', '=', p.userNid)
        .where('device_id', '=', p.deviceId)
        .where('expires_ts', '<', p.before),
    )
    this.#removeOfDevice = database.query<{ userNid: number; deviceId: string }>()((q, p) =>
      q.deleteFrom('access_tokens').where('user_nid', '=', p.userNid).where('device_id', '=', p.deviceId),
    )
    this.#removeOfUser = database.query<{ userNid: number }>()((q, p) =>
      q.deleteFrom('access_tokens').where('user_nid', '=', p.userNid),
    )
  }

  /** The token of that hash, expired or not. */
  async find(tokenHash: Uint8Array): Promise<AccessTokenRow | undefined> {
    const row = await this.#database.first(this.#find, { tokenHash })
    return (
      row && {
        userNid: row.user_nid,
        deviceId: row.device_id ?? undefined,
        expiresTs: row.expires_ts ?? undefined,
        validatedTs: row.validated_ts,
        isUnusedRefresh: row.is_used === 0,
        isAdmin: row.is_admin === 1,
        isGuest: row.is_guest === 1,
        isDeactivated: row.is_deactivated === 1,
        isLocked: row.is_locked === 1,
        isSuspended: row.is_suspended === 1,
      }
    )
  }

  /** The access token that was given out beside a refresh token. */
  async besideRefreshToken(
    refreshTokenHash: Uint8Array,
  ): Promise<{ readonly isUsed: boolean; readonly validatedTs: number } | undefined> {
    const row = await this.#database.first(this.#besideRefreshToken, { refreshTokenHash })
    return row && { isUsed: row.is_used === 1, validatedTs: row.validated_ts }
  }

  insert(token: NewAccessToken): BoundWrite {
    return bind(this.#insert, {
      tokenHash: token.tokenHash,
      userNid: token.userNid,
      deviceId: token.deviceId ?? null,
      createdTs: token.createdTs,
      expiresTs: token.expiresTs ?? null,
      validatedTs: token.validatedTs,
      refreshTokenHash: token.refreshTokenHash ?? null,
      isUsed: token.isFromRefresh ? 0 : 1,
    })
  }

  /** Records that a token from a refresh has been used. */
  markUsed(tokenHash: Uint8Array): BoundWrite {
    return bind(this.#markUsed, { tokenHash })
  }

  /** Records that the token's holder has just proved to be the account's owner. */
  markValidated(tokenHash: Uint8Array, validatedTs: number): BoundWrite {
    return bind(this.#markValidated, { tokenHash, validatedTs })
  }

  remove(tokenHash: Uint8Array): BoundWrite {
    return bind(this.#remove, { tokenHash })
  }

  removeBesideRefreshToken(refreshTokenHash: Uint8Array): BoundWrite {
    return bind(this.#removeBesideRefreshToken, { refreshTokenHash })
  }

  /** Removes a device's tokens that expired before a time, in milliseconds since the epoch. */
  removeExpired(userNid: number, deviceId: string, before: number): BoundWrite {
    return bind(this.#removeExpired, { userNid, deviceId, before })
  }

  removeOfDevice(userNid: number, deviceId: string): BoundWrite {
    return bind(this.#removeOfDevice, { userNid, deviceId })
  }

  removeOfUser(userNid: number): BoundWrite {
    return bind(this.#removeOfUser, { userNid })
  }
}
