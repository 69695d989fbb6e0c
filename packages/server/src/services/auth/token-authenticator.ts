import { MatrixError } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../platform/clock/clock.ts'
import type { Database } from '../../platform/database/database.ts'
import type { AccessTokenRow, AccessTokenStore } from '../../storage/access-token-store.ts'
import type { Schema } from '../../storage/schema.ts'
import type { UserNumbers } from '../users/user-numbers.ts'
import type { DeviceActivity } from './device-activity.ts'
import type { Requester } from './requester.ts'
import { hashToken } from './token.ts'

const CACHED_TOKENS = 20_000

/** An expired token of a device is kept that long, so that its client is told to refresh or to log in again. */
const EXPIRED_TOKEN_GRACE_MS = 60 * 60_000

/** What is known of a request besides its token. */
export interface TokenContext {
  readonly ip?: string | undefined
  readonly userAgent?: string | undefined
  /** Whether a locked account may do this: logging out, and nothing else. */
  readonly allowLocked?: boolean
}

/** What `TokenAuthenticator` stands on. */
export interface TokenAuthenticatorDeps {
  readonly clock: Clock
  readonly database: Database<Schema>
  readonly accessTokens: Pick<AccessTokenStore, 'find' | 'markUsed' | 'removeExpired'>
  readonly userNumbers: UserNumbers
  readonly activity: DeviceActivity
}

interface KnownToken {
  readonly requester: Requester
  readonly tokenHash: Uint8Array
  readonly expiresTs: number
  readonly isLocked: boolean
  /** When its device was last noted as heard of. */
  sightedTs: number | undefined
}

/**
 * Tells who sends a request by its access token. A token that was seen before costs no database read; whoever changes
 * what a token stands for says so by one of the `forget` methods, once the change is durable.
 */
export class TokenAuthenticator {
  readonly #deps: TokenAuthenticatorDeps
  readonly #known: LRUCache<string, KnownToken>
  readonly #keysByUser = new Map<number, Set<string>>()
  /** One more per `forget`: what was read before must not be remembered after. */
  #generation = 0

  constructor(deps: TokenAuthenticatorDeps) {
    this.#deps = deps
    this.#known = new LRUCache({
      max: CACHED_TOKENS,
      dispose: (known, key) => this.#unlist(known.requester.userNid, key),
    })
  }

  /**
   * Who sends a request.
   * @throws MatrixError M_MISSING_TOKEN; M_UNKNOWN_TOKEN, with `soft_logout` if the token has but expired; M_USER_LOCKED.
   * @spec client-server-api/#using-access-tokens
   */
  async authenticate(token: string | undefined, context: TokenContext = {}): Promise<Requester> {
    if (token === undefined || token === '') throw new MatrixError('M_MISSING_TOKEN', 'Missing access token')
    const tokenHash = hashToken(token)
    const key = keyOf(tokenHash)
    const known = this.#known.get(key) ?? (await this.#read(tokenHash, key))
    const now = this.#deps.clock.now()
    if (known.expiresTs <= now) {
      throw new MatrixError('M_UNKNOWN_TOKEN', 'Access token has expired', { fields: { soft_logout: true } })
    }
    if (known.isLocked && context.allowLocked !== true) throw userLocked()
    this.#noteActivity(known, context, now)
    return known.requester
  }

  /** A token must be read again, or is gone. */
  forgetToken(tokenHash: Uint8Array): void {
    this.#generation++
    this.#known.delete(keyOf(tokenHash))
  }

  /** The tokens of a device must be read again, or are gone. */
  forgetDevice(userNid: number, deviceId: string): void {
    this.#generation++
    for (const key of [...(this.#keysByUser.get(userNid) ?? [])]) {
      if (this.#known.peek(key)?.requester.deviceId === deviceId) this.#known.delete(key)
    }
  }

  /** Everything about a user's tokens must be read again: logged out everywhere, deactivated, locked, made admin... */
  forgetUser(userNid: number): void {
    this.#generation++
    for (const key of [...(this.#keysByUser.get(userNid) ?? [])]) this.#known.delete(key)
  }

  async #read(tokenHash: Uint8Array, key: string): Promise<KnownToken> {
    const generation = this.#generation
    const row = await this.#deps.accessTokens.find(tokenHash)
    if (row === undefined || row.isDeactivated) throw new MatrixError('M_UNKNOWN_TOKEN', 'Unrecognised access token')
    const known = await this.#toKnown(row, tokenHash)
    if (row.isUnusedRefresh && known.expiresTs > this.#deps.clock.now()) await this.#firstUse(known)
    // Read before somebody changed the account or its tokens: good for this request, which came before, not for more.
    if (generation === this.#generation) this.#remember(key, known)
    return known
  }

  async #toKnown(row: AccessTokenRow, tokenHash: Uint8Array): Promise<KnownToken> {
    const requester: Requester = {
      userId: await this.#deps.userNumbers.userId(row.userNid),
      userNid: row.userNid,
      deviceId: row.deviceId,
      isGuest: row.isGuest,
      isAdmin: row.isAdmin,
      isSuspended: row.isSuspended,
      tokenHash,
    }
    const expiresTs = row.expiresTs ?? Number.POSITIVE_INFINITY
    return { requester, tokenHash, expiresTs, isLocked: row.isLocked, sightedTs: undefined }
  }

  /** The client has the new token, so the refresh token it came from must be good for nothing from now on. */
  async #firstUse({ requester, tokenHash }: KnownToken): Promise<void> {
    const { accessTokens, clock, database } = this.#deps
    const statements = [accessTokens.markUsed(tokenHash)]
    if (requester.deviceId !== undefined) {
      const before = clock.now() - EXPIRED_TOKEN_GRACE_MS
      statements.push(accessTokens.removeExpired(requester.userNid, requester.deviceId, before))
    }
    await database.write({ statements })
  }

  #remember(key: string, known: KnownToken): void {
    this.#known.set(key, known)
    const keys = this.#keysByUser.get(known.requester.userNid)
    if (keys) keys.add(key)
    else this.#keysByUser.set(known.requester.userNid, new Set([key]))
  }

  #unlist(userNid: number, key: string): void {
    const keys = this.#keysByUser.get(userNid)
    keys?.delete(key)
    if (keys?.size === 0) this.#keysByUser.delete(userNid)
  }

  #noteActivity(known: KnownToken, { ip, userAgent }: TokenContext, ts: number): void {
    const { userNid, deviceId } = known.requester
    if (deviceId === undefined) return
    if (this.#deps.activity.saw({ userNid, deviceId, ts, ip, userAgent }, known.sightedTs)) known.sightedTs = ts
  }
}

/** @spec client-server-api/#account-locking */
export function userLocked(): MatrixError {
  return new MatrixError('M_USER_LOCKED', 'This account has been locked', { fields: { soft_logout: true } })
}

function keyOf(tokenHash: Uint8Array): string {
  return Buffer.from(tokenHash.buffer, tokenHash.byteOffset, tokenHash.byteLength).toString('latin1')
}
