import { createHmac, timingSafeEqual } from 'node:crypto'
import { type JsonObject, MatrixError } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { Clock } from '../../platform/clock/clock.ts'
import type { Accounts } from '../users/accounts.ts'
import type { PasswordHasher } from './password-hasher.ts'
import { MAX_PASSWORD_LENGTH } from './password-policy.ts'
import { type Registered, readLoginRequest } from './registration.ts'
import { optionalBoolean, optionalString, requiredString } from './request-fields.ts'
import type { RandomBytes } from './token.ts'

/** What `SharedSecretRegistration` stands on. */
export interface SharedSecretRegistrationDeps {
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly accounts: Accounts
  readonly hasher: PasswordHasher
  /** Null: nobody registers this way. */
  readonly secret: string | null
}

const NONCE_LIFETIME_MS = 60_000
const MAX_NONCES = 10_000
const USER_TYPES: ReadonlySet<string> = new Set(['bot', 'support'])

/** Makes accounts, administrators included, for whoever knows the registration shared secret. A nonce is good once. */
export class SharedSecretRegistration {
  readonly #deps: SharedSecretRegistrationDeps
  /** When each nonce expires, in the clock's monotonic time. */
  readonly #nonces = new LRUCache<string, number>({ max: MAX_NONCES })

  constructor(deps: SharedSecretRegistrationDeps) {
    this.#deps = deps
  }

  /** @throws MatrixError M_UNKNOWN if this server has no such secret. */
  newNonce(): string {
    this.#secret()
    const nonce = Buffer.from(this.#deps.randomBytes(64)).toString('hex')
    this.#nonces.set(nonce, this.#deps.clock.monotonic() + NONCE_LIFETIME_MS)
    return nonce
  }

  /**
   * @throws MatrixError M_FORBIDDEN (403) if the MAC is wrong; M_UNKNOWN for an unknown, used or expired nonce;
   *   M_INVALID_USERNAME, M_USER_IN_USE, M_MISSING_PARAM, M_BAD_JSON, M_INVALID_PARAM.
   */
  async register(body: JsonObject): Promise<Registered> {
    const secret = this.#secret()
    const nonce = requiredString(body, 'nonce')
    if (!this.#takeNonce(nonce)) throw new MatrixError('M_UNKNOWN', 'unrecognised nonce')
    const username = requiredString(body, 'username')
    const password = requiredString(body, 'password')
    // What separates the parts of the MAC must not occur within them.
    if (username.includes('\0')) throw new MatrixError('M_INVALID_PARAM', 'Invalid username')
    if (password === '' || password.includes('\0') || password.length > MAX_PASSWORD_LENGTH) {
      throw new MatrixError('M_INVALID_PARAM', 'Invalid password')
    }
    const isAdmin = optionalBoolean(body, 'admin') ?? false
    const userType = optionalString(body, 'user_type')
    if (userType !== undefined && !USER_TYPES.has(userType))
      throw new MatrixError('M_INVALID_PARAM', 'Invalid user type')
    const parts = [nonce, username, password, isAdmin ? 'admin' : 'notadmin', ...(userType ? [userType] : [])]
    if (!isMac(secret, parts, requiredString(body, 'mac'))) throw new MatrixError('M_FORBIDDEN', 'HMAC incorrect')
    return this.#deps.accounts.create({
      localpart: username.toLowerCase(),
      passwordHash: await this.#deps.hasher.hash(password),
      isAdmin,
      isGuest: false,
      userType,
      displayname: optionalString(body, 'displayname'),
      login: optionalBoolean(body, 'inhibit_login') ? undefined : readLoginRequest(body),
    })
  }

  #secret(): string {
    const { secret } = this.#deps
    if (secret === null) throw new MatrixError('M_UNKNOWN', 'Shared secret registration is not enabled')
    return secret
  }

  #takeNonce(nonce: string): boolean {
    const expires = this.#nonces.get(nonce)
    this.#nonces.delete(nonce)
    return expires !== undefined && expires > this.#deps.clock.monotonic()
  }
}

/** Whether text is the hexadecimal HMAC-SHA1 of the parts, joined by NUL; in a time that says nothing about it. */
function isMac(secret: string, parts: readonly string[], mac: string): boolean {
  const expected = createHmac('sha1', secret).update(parts.join('\0'), 'utf8').digest()
  const given = Buffer.from(mac, 'hex')
  return given.length === expected.length && timingSafeEqual(given, expected)
}
