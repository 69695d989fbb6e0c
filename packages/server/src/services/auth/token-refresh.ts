import { MatrixError } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import { changeKind } from '../../storage/change-kind.ts'
import type { AccessTokenStore } from '../../storage/access-token-store.ts'
import type { AccountStore } from '../../storage/account-store.ts'
import type { RefreshTokenRow, RefreshTokenStore } from '../../storage/refresh-token-store.ts'
import type { ChangeLog } from '../log/change-log.ts'
import { hashToken } from './token.ts'
import { type TokenAuthenticator, userLocked } from './token-authenticator.ts'
import type { Credentials, TokenIssuer } from './token-issuer.ts'

const MAX_ATTEMPTS = 5

/** What `TokenRefresh` stands on. */
export interface TokenRefreshDeps {
  readonly clock: Clock
  readonly changeLog: ChangeLog
  readonly accounts: AccountStore
  readonly accessTokens: AccessTokenStore
  readonly refreshTokens: RefreshTokenStore
  readonly issuer: TokenIssuer
  readonly authenticator: TokenAuthenticator
}

/**
 * Exchanges refresh tokens for new credentials. A client that lost the answer can ask again with the same token, until
 * it uses what an answer brought; from then on the old token is refused.
 * @spec client-server-api/#refreshing-access-tokens
 */
export class TokenRefresh {
  readonly #deps: TokenRefreshDeps

  constructor(deps: TokenRefreshDeps) {
    this.#deps = deps
  }

  /**
   * @throws MatrixError M_UNKNOWN_TOKEN if the token is unknown, and with `soft_logout` if it is used up or has expired
   *   while its device is still there; M_USER_LOCKED; M_UNRECOGNIZED if this server has refresh turned off.
   */
  async refresh(refreshToken: string): Promise<Credentials> {
    if (!this.#deps.issuer.offersRefresh) throw new MatrixError('M_UNRECOGNIZED', 'Refresh tokens are not in use here')
    const tokenHash = hashToken(refreshToken)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const credentials = await this.#exchange(tokenHash)
      if (credentials !== undefined) return credentials
    }
    throw new MatrixError('M_LIMIT_EXCEEDED', 'This token is being refreshed too often', {
      fields: { retry_after_ms: 1_000 },
    })
  }

  /** One attempt; undefined if another refresh of the same token came first. */
  async #exchange(tokenHash: Uint8Array): Promise<Credentials | undefined> {
    const { accessTokens, authenticator, changeLog, issuer, refreshTokens } = this.#deps
    const current = await refreshTokens.find(tokenHash)
    if (current === undefined) throw new MatrixError('M_UNKNOWN_TOKEN', 'Unrecognised refresh token')
    const { nextTokenHash } = current
    await this.#checkUsable(current)
    const owner = await accessTokens.besideRefreshToken(tokenHash)
    const tokens = issuer.issueNext(current, owner?.validatedTs ?? 0)
    const replaced = nextTokenHash && [
      refreshTokens.remove(nextTokenHash),
      accessTokens.removeBesideRefreshToken(nextTokenHash),
    ]
    const result = await changeLog.append({
      statements: [
        refreshTokens.setNext(tokenHash, nextTokenHash, tokens.refreshTokenHash),
        // Whoever holds this token has it from its predecessor, which is thereby used up.
        refreshTokens.removePredecessors(tokenHash),
        ...(replaced ?? []),
        ...tokens.statements,
      ],
      changes: [{ kind: changeKind.account, userNid: current.userNid }],
    })
    if (!result.committed) return undefined
    authenticator.forgetDevice(current.userNid, current.deviceId)
    return tokens.credentials
  }

  async #checkUsable({ userNid, expiresTs, sessionExpiresTs, nextTokenHash }: RefreshTokenRow): Promise<void> {
    const now = this.#deps.clock.now()
    if ((expiresTs ?? now + 1) <= now) throw usedUp('Refresh token has expired')
    if ((sessionExpiresTs ?? now + 1) <= now) throw usedUp('Login has expired')
    if (nextTokenHash !== undefined && (await this.#isSuccessorUsed(nextTokenHash))) {
      throw usedUp('Refresh token has already been used')
    }
    const account = await this.#deps.accounts.find(userNid)
    if (account === undefined || account.isDeactivated) {
      throw new MatrixError('M_UNKNOWN_TOKEN', 'Unrecognised refresh token')
    }
    if (account.isLocked) throw userLocked()
  }

  /** Whether the client has got hold of what the token was exchanged for. */
  async #isSuccessorUsed(nextTokenHash: Uint8Array): Promise<boolean> {
    const { accessTokens, refreshTokens } = this.#deps
    const [next, access] = await Promise.all([
      refreshTokens.find(nextTokenHash),
      accessTokens.besideRefreshToken(nextTokenHash),
    ])
    return next?.nextTokenHash !== undefined || access?.isUsed === true
  }
}

function usedUp(message: string): MatrixError {
  return new MatrixError('M_UNKNOWN_TOKEN', message, { fields: { soft_logout: true } })
}
