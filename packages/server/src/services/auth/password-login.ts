import {
  isJsonObject,
  isUserId,
  type JsonObject,
  MatrixError,
  type ServerName,
  serverNameOf,
  type UserId,
  userIdOf,
} from '@magik/protocol'
import type { Database } from '../../platform/database/database.ts'
import type { Account, AccountStore } from '../../storage/account-store.ts'
import type { Schema } from '../../storage/schema.ts'
import type { UserNumbers } from '../users/user-numbers.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { requiredString } from './request-fields.ts'
import { userLocked } from './token-authenticator.ts'

/** A user who has proved to own an account. */
export interface AuthenticatedUser {
  readonly userId: UserId
  readonly userNid: number
}

/** What `PasswordLogin` stands on. */
export interface PasswordLoginDeps {
  readonly serverName: ServerName
  readonly database: Database<Schema>
  readonly accounts: AccountStore
  readonly userNumbers: UserNumbers
  readonly hasher: PasswordHasher
}

/** Tells by identifier and password who somebody is. Unknown accounts and wrong passwords look and last the same. */
export class PasswordLogin {
  readonly #deps: PasswordLoginDeps

  constructor(deps: PasswordLoginDeps) {
    this.#deps = deps
  }

  /**
   * @param credentials the fields of `m.login.password`: `password`, and `identifier` or the older `user`, or `medium`
   *   and `address`.
   * @throws MatrixError M_FORBIDDEN if they are wrong; M_USER_DEACTIVATED; M_USER_LOCKED; M_MISSING_PARAM, M_BAD_JSON
   *   and M_UNKNOWN if they are malformed.
   * @spec client-server-api/#password-based
   */
  async authenticate(credentials: JsonObject): Promise<AuthenticatedUser> {
    const password = requiredString(credentials, 'password')
    const name = nameIn(identifierIn(credentials))
    const found = name === undefined ? undefined : await this.#find(name)
    const { matches, isOutdated } = await this.#deps.hasher.verify(password, found?.account.passwordHash)
    if (found?.account.isDeactivated) {
      throw new MatrixError('M_USER_DEACTIVATED', 'This account has been deactivated')
    }
    if (found === undefined || !matches) throw new MatrixError('M_FORBIDDEN', 'Invalid username or password')
    if (found.account.isLocked) throw userLocked()
    if (isOutdated) await this.#rehash(found.account, password)
    return { userId: found.userId, userNid: found.account.userNid }
  }

  /** The account that somebody means by a user ID or localpart: as written, else in lower case. */
  async #find(name: string): Promise<(AuthenticatedUser & { account: Account }) | undefined> {
    for (const spelling of new Set([name, name.toLowerCase()])) {
      const userId = this.#localUserId(spelling)
      const userNid = userId && (await this.#deps.userNumbers.find(userId))
      const account = userNid === undefined ? undefined : await this.#deps.accounts.find(userNid)
      if (userId && account) return { userId, userNid: account.userNid, account }
    }
    return undefined
  }

  #localUserId(name: string): UserId | undefined {
    const { serverName } = this.#deps
    if (name.startsWith('@')) return isUserId(name) && serverNameOf(name) === serverName ? name : undefined
    const userId = `@${name}:${serverName}`
    return !name.includes(':') && isUserId(userId) ? userIdOf(name, serverName) : undefined
  }

  async #rehash({ userNid, passwordHash }: Account, password: string): Promise<void> {
    if (passwordHash === undefined) return
    const { accounts, database, hasher } = this.#deps
    const statement = accounts.replacePasswordHash(userNid, passwordHash, await hasher.hash(password))
    await database.write({ statements: [statement] })
  }
}

/** The identifier object, also where a client spells it the old way. @spec client-server-api/#identifier-types */
function identifierIn(credentials: JsonObject): JsonObject {
  const { identifier, user, medium, address } = credentials
  if (identifier !== undefined) {
    if (!isJsonObject(identifier)) throw new MatrixError('M_BAD_JSON', 'identifier must be an object')
    return identifier
  }
  if (user !== undefined) return { type: 'm.id.user', user }
  if (medium !== undefined && address !== undefined) return { type: 'm.id.thirdparty', medium, address }
  throw new MatrixError('M_MISSING_PARAM', 'Missing identifier')
}

/** The user ID or localpart that an identifier names; undefined where it names nobody, as long as no 3PID is bound. */
function nameIn(identifier: JsonObject): string | undefined {
  // The specification's own example of a third-party login leaves the type out.
  const type = identifier['type'] ?? ('medium' in identifier ? 'm.id.thirdparty' : undefined)
  switch (type) {
    case 'm.id.user':
      return requiredString(identifier, 'user')
    case 'm.id.thirdparty':
      requiredString(identifier, 'medium')
      requiredString(identifier, 'address')
      return undefined
    case 'm.id.phone':
      requiredString(identifier, 'country')
      // Clients of before the specification's release say `number`.
      requiredString(identifier, 'phone' in identifier ? 'phone' : 'number')
      return undefined
    case undefined:
      throw new MatrixError('M_MISSING_PARAM', 'Missing identifier type')
    default:
      throw new MatrixError('M_UNKNOWN', 'Unknown identifier type')
  }
}
