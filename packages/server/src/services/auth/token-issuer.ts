import type { Clock } from '../../platform/clock/clock.ts'
import type { BoundWrite } from '../../platform/database/database.ts'
import type { AccessTokenStore } from '../../storage/access-token-store.ts'
import type { RefreshTokenStore } from '../../storage/refresh-token-store.ts'
import { newToken, type RandomBytes } from './token.ts'

/** How long tokens last, in milliseconds; null: for ever. */
export interface TokenLifetimes {
  /** A login as a whole, refreshed or not. */
  readonly sessionMs: number | null
  /** An access token that can be refreshed; null: none can. */
  readonly refreshableAccessTokenMs: number | null
  readonly refreshTokenMs: number | null
  readonly nonrefreshableAccessTokenMs: number | null
}

/** What a client gets to act as a user. */
export interface Credentials {
  readonly accessToken: string
  /** Undefined where the token does not expire. */
  readonly expiresInMs: number | undefined
  readonly refreshToken: string | undefined
}

/** Credentials not yet committed: their statements join the caller's entry. */
export interface IssuedTokens {
  readonly credentials: Credentials
  readonly statements: readonly BoundWrite[]
  readonly refreshTokenHash: Uint8Array | undefined
}

/** Whose tokens are made, and for how long at most. */
export interface TokenOwner {
  readonly userNid: number
  readonly deviceId: string
  /** When the login ends, refreshed or not: no token outlives it. */
  readonly sessionExpiresTs: number | undefined
}

/** What `TokenIssuer` stands on. */
export interface TokenIssuerDeps {
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly accessTokens: AccessTokenStore
  readonly refreshTokens: RefreshTokenStore
  readonly lifetimes: TokenLifetimes
}

/** Makes access and refresh tokens with the lifetimes the configuration asks for. */
export class TokenIssuer {
  readonly #deps: TokenIssuerDeps

  constructor(deps: TokenIssuerDeps) {
    this.#deps = deps
  }

  /** Whether access tokens can be refreshed at all. */
  get offersRefresh(): boolean {
    return this.#deps.lifetimes.refreshableAccessTokenMs !== null
  }

  /** When a login made now ends. */
  newSessionEnd(): number | undefined {
    return this.#latest(this.#deps.lifetimes.sessionMs, undefined)
  }

  /** The first tokens of a login. @param supportsRefresh whether its client can refresh them */
  issueFirst(owner: TokenOwner, { supportsRefresh }: { supportsRefresh: boolean }): IssuedTokens {
    const validatedTs = this.#deps.clock.now()
    if (supportsRefresh && this.offersRefresh) return this.#issuePair(owner, { validatedTs, isFromRefresh: false })
    const expiresTs = this.#latest(this.#deps.lifetimes.nonrefreshableAccessTokenMs, owner.sessionExpiresTs)
    const access = this.#access(owner, { expiresTs, validatedTs, refreshTokenHash: undefined, isFromRefresh: false })
    return {
      credentials: { ...access.credentials, refreshToken: undefined },
      statements: [access.statement],
      refreshTokenHash: undefined,
    }
  }

  /** The tokens that a refresh token is exchanged for. @param validatedTs when the holder last proved to be the owner */
  issueNext(owner: TokenOwner, validatedTs: number): IssuedTokens & { readonly refreshTokenHash: Uint8Array } {
    return this.#issuePair(owner, { validatedTs, isFromRefresh: true })
  }

  #issuePair(owner: TokenOwner, { validatedTs, isFromRefresh }: { validatedTs: number; isFromRefresh: boolean }) {
    const { lifetimes, randomBytes, refreshTokens } = this.#deps
    const { sessionExpiresTs } = owner
    const { token, tokenHash } = newToken('refresh', randomBytes)
    const refreshTokenExpiresTs = this.#latest(lifetimes.refreshTokenMs, sessionExpiresTs)
    const expiresTs = this.#latest(lifetimes.refreshableAccessTokenMs, sessionExpiresTs)
    const access = this.#access(owner, { expiresTs, validatedTs, refreshTokenHash: tokenHash, isFromRefresh })
    return {
      credentials: { ...access.credentials, refreshToken: token },
      statements: [access.statement, refreshTokens.insert({ ...owner, tokenHash, expiresTs: refreshTokenExpiresTs })],
      refreshTokenHash: tokenHash,
    }
  }

  #access(
    { userNid, deviceId }: TokenOwner,
    about: {
      readonly expiresTs: number | undefined
      readonly validatedTs: number
      readonly refreshTokenHash: Uint8Array | undefined
      readonly isFromRefresh: boolean
    },
  ) {
    const { accessTokens, clock, randomBytes } = this.#deps
    const createdTs = clock.now()
    const { token, tokenHash } = newToken('access', randomBytes)
    const expiresInMs = about.expiresTs === undefined ? undefined : about.expiresTs - createdTs
    return {
      credentials: { accessToken: token, expiresInMs },
      statement: accessTokens.insert({ ...about, tokenHash, userNid, deviceId, createdTs }),
    }
  }

  #latest(lifetimeMs: number | null, limit: number | undefined): number | undefined {
    if (lifetimeMs === null) return limit
    const end = this.#deps.clock.now() + lifetimeMs
    return limit === undefined ? end : Math.min(end, limit)
  }
}
