import { localpartOf, MatrixError, type ServerName, type UserId, userIdOf, validateNewLocalpart } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { Account, AccountStore } from '../../storage/account-store.ts'
import { changeKind } from '../../storage/change-kind.ts'
import type { ProfileStore } from '../../storage/profile-store.ts'
import type { Login, LoginRequest, Sessions } from '../auth/sessions.ts'
import type { RandomBytes } from '../auth/token.ts'
import type { TokenAuthenticator } from '../auth/token-authenticator.ts'
import type { ChangeLog } from '../log/change-log.ts'
import type { UserNumbers } from './user-numbers.ts'

/** An account to be made. */
export interface AccountDraft {
  /** Undefined: the server chooses one. */
  readonly localpart: string | undefined
  /** Undefined: nobody can log in with a password. */
  readonly passwordHash: string | undefined
  readonly isAdmin: boolean
  readonly isGuest: boolean
  /** Undefined: a person. */
  readonly userType: string | undefined
  /** Undefined: the localpart. */
  readonly displayname: string | undefined
  /** Signs the new user in at once; undefined: does not. */
  readonly login: LoginRequest | undefined
}

/** An account just made. */
export interface CreatedAccount {
  readonly userId: UserId
  readonly userNid: number
  readonly login: Login | undefined
}

/** What `Accounts` stands on. */
export interface AccountsDeps {
  readonly serverName: ServerName
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly changeLog: ChangeLog
  readonly accounts: AccountStore
  readonly profiles: ProfileStore
  readonly userNumbers: UserNumbers
  readonly sessions: Sessions
  readonly authenticator: TokenAuthenticator
}

const MAX_ATTEMPTS = 5
const GENERATED_LOCALPART_LETTERS = 12

/** Makes accounts, one per user ID, and changes what they may do. */
export class Accounts {
  readonly #deps: AccountsDeps

  constructor(deps: AccountsDeps) {
    this.#deps = deps
  }

  /** The account of a user of this server. */
  async find(userId: UserId): Promise<Account | undefined> {
    const userNid = await this.#deps.userNumbers.find(userId)
    return userNid === undefined ? undefined : this.#deps.accounts.find(userNid)
  }

  /**
   * Checks that somebody may register under a localpart. It may be taken right after.
   * @throws MatrixError M_INVALID_USERNAME, M_USER_IN_USE
   */
  async checkAvailable(localpart: string): Promise<void> {
    this.checkLocalpart(localpart)
    // Deactivated accounts keep their ID: whoever got it next would be taken for the one before.
    if (await this.find(userIdOf(localpart, this.#deps.serverName))) throw userInUse()
  }

  /** Checks what a new localpart looks like. @throws MatrixError M_INVALID_USERNAME */
  checkLocalpart(localpart: string): void {
    validateNewLocalpart(localpart, this.#deps.serverName)
    if (localpart.startsWith('_')) throw invalidUsername('User names must not begin with _')
    if (/^[0-9]+$/.test(localpart)) throw invalidUsername('User names must not consist of digits alone')
  }

  /**
   * Makes an account and, where asked for, its first login, in one commit.
   * @throws MatrixError M_INVALID_USERNAME; M_USER_IN_USE, also where somebody else was faster.
   */
  async create(draft: AccountDraft): Promise<CreatedAccount> {
    if (draft.localpart !== undefined) this.checkLocalpart(draft.localpart)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const userId = userIdOf(draft.localpart ?? this.#generateLocalpart(), this.#deps.serverName)
      const outcome = await this.#tryCreate(userId, draft)
      if (typeof outcome === 'object') return outcome
      if (outcome === 'taken' && draft.localpart !== undefined) throw userInUse()
    }
    throw new Error('no attempt to make an account succeeded')
  }

  /** Changes what an account may do; takes effect at once, also for tokens in use. */
  async setFlags(
    userNid: number,
    flags: { readonly isAdmin?: boolean; readonly isLocked?: boolean; readonly isSuspended?: boolean },
  ): Promise<void> {
    const { accounts, authenticator, changeLog } = this.#deps
    const result = await changeLog.append({
      statements: [accounts.setFlags(userNid, flags)],
      changes: [{ kind: changeKind.account, userNid }],
    })
    authenticator.forgetUser(userNid)
    if (!result.committed) throw new MatrixError('M_NOT_FOUND', 'No such account')
  }

  /** One attempt: `taken` if there is such an account, `again` if the user became known meanwhile. */
  async #tryCreate(userId: UserId, draft: AccountDraft): Promise<CreatedAccount | 'taken' | 'again'> {
    const { accounts, changeLog, clock, profiles, sessions, userNumbers } = this.#deps
    const { nid: userNid, write } = await userNumbers.assign(userId)
    // Saves the statements of an attempt bound to fail; the guard decides.
    if (write === undefined && (await accounts.find(userNid))) return 'taken'
    const { passwordHash, isAdmin, isGuest, userType, displayname = localpartOf(userId) } = draft
    const login = draft.login && (await sessions.prepare({ userId, userNid }, draft.login))
    const result = await changeLog.append({
      statements: [
        ...(write ? [write] : []),
        accounts.insert({ userNid, passwordHash, createdTs: clock.now(), isAdmin, isGuest, userType }),
        profiles.insert(userNid, displayname),
        ...(login?.statements ?? []),
      ],
      changes: [{ kind: changeKind.profile, userNid }, ...(login?.changes ?? [])],
    })
    if (!result.committed) return result.guard === 'user' ? 'again' : 'taken'
    userNumbers.confirm(userId, userNid)
    return { userId, userNid, login: login?.login }
  }

  #generateLocalpart(): string {
    const bytes = this.#deps.randomBytes(GENERATED_LOCALPART_LETTERS)
    return Array.from(bytes, (byte) => String.fromCharCode(97 + (byte % 26))).join('')
  }
}

function userInUse(): MatrixError {
  return new MatrixError('M_USER_IN_USE', 'This user name is taken')
}

function invalidUsername(message: string): MatrixError {
  return new MatrixError('M_INVALID_USERNAME', message)
}
