import { isJsonObject, type JsonObject, MatrixError, parseUserId, type UserId } from '@magik/protocol'
import type { Accounts } from '../users/accounts.ts'
import type { InteractiveAuth, InteractiveProof } from './interactive-auth.ts'
import type { PasswordHasher } from './password-hasher.ts'
import type { PasswordPolicy } from './password-policy.ts'
import { optionalBoolean, optionalString } from './request-fields.ts'
import type { Login, LoginRequest, Sessions } from './sessions.ts'

/** Who may register. */
export interface RegistrationOptions {
  /** Whether anybody may. */
  readonly isOpen: boolean
  readonly allowsGuests: boolean
  /** Whether it is told that a user name is taken only once registration is otherwise complete. */
  readonly hidesUserInUse: boolean
}

/** What `Registration` stands on. */
export interface RegistrationDeps {
  readonly accounts: Accounts
  readonly sessions: Sessions
  readonly interactiveAuth: InteractiveAuth
  readonly hasher: PasswordHasher
  readonly policy: PasswordPolicy
  readonly options: RegistrationOptions
}

/** An account just registered. */
export interface Registered {
  readonly userId: UserId
  /** Undefined where the client did not want to be signed in. */
  readonly login: Login | undefined
}

interface Fields {
  readonly username: string | undefined
  readonly password: string | undefined
  /** Undefined: the client does not want to be signed in. */
  readonly login: LoginRequest | undefined
}

/** Lets people register accounts by themselves. */
export class Registration {
  readonly #deps: RegistrationDeps

  constructor(deps: RegistrationDeps) {
    this.#deps = deps
  }

  /** @throws MatrixError M_INVALID_USERNAME, M_USER_IN_USE; M_FORBIDDEN while registration is closed. */
  async checkAvailable(username: string): Promise<void> {
    this.#checkOpen()
    const { accounts, options } = this.#deps
    if (options.hidesUserInUse) accounts.checkLocalpart(username.toLowerCase())
    else await accounts.checkAvailable(username.toLowerCase())
  }

  /**
   * Registers an account once the client has gone through the stages asked for.
   * @param body the request's, with its `auth`
   * @throws InteractiveAuthRequired; MatrixError M_FORBIDDEN while registration is closed, M_INVALID_USERNAME,
   *   M_USER_IN_USE, M_WEAK_PASSWORD, M_MISSING_PARAM without a password.
   * @spec client-server-api/#post_matrixclientv3register
   */
  async register(body: JsonObject): Promise<Registered> {
    this.#checkOpen()
    const { accounts, hasher, interactiveAuth, options } = this.#deps
    await this.#checkBeforehand(body)
    const proof = await interactiveAuth.authenticate({
      method: 'POST',
      path: '/register',
      body,
      requester: undefined,
      flows: [{ stages: ['m.login.dummy'] }],
      allowsNewParameters: true,
      allowsRecentProof: false,
    })
    const { username, password, login } = readFields(proof.parameters)
    if (password === undefined) throw new MatrixError('M_MISSING_PARAM', 'Missing password')
    this.#deps.policy.check(password)
    const earlier = await this.#repeat(proof, password, login)
    if (earlier !== undefined) return earlier
    if (username !== undefined && !options.hidesUserInUse) await accounts.checkAvailable(username)
    const passwordHash = await hasher.hash(password)
    const created = await accounts.create({ ...PERSON, localpart: username, passwordHash, login })
    if (proof.sessionId !== undefined) {
      await interactiveAuth.recordOutcome(proof.sessionId, { user_id: created.userId })
    }
    return created
  }

  /**
   * Makes a guest account.
   * @throws MatrixError M_GUEST_ACCESS_FORBIDDEN
   * @spec client-server-api/#guest-access
   */
  registerGuest(body: JsonObject): Promise<Registered> {
    if (!this.#deps.options.allowsGuests) {
      throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'This server has no guest accounts')
    }
    const initialDeviceDisplayName = optionalString(body, 'initial_device_display_name')
    const login = { deviceId: undefined, initialDeviceDisplayName, supportsRefresh: false }
    return this.#deps.accounts.create({
      ...PERSON,
      isGuest: true,
      localpart: undefined,
      passwordHash: undefined,
      login,
    })
  }

  #checkOpen(): void {
    if (!this.#deps.options.isOpen) throw new MatrixError('M_FORBIDDEN', 'Registration is disabled')
  }

  /** What can be told before the client goes through any stage. */
  async #checkBeforehand({ auth, ...parameters }: JsonObject): Promise<void> {
    const { accounts, options, policy } = this.#deps
    const { username, password } = readFields(parameters)
    if (password !== undefined) policy.check(password)
    if (username === undefined) return
    // Within a session the name may be taken by the session's own account: decided after authentication.
    const mayBeOwn = isJsonObject(auth) && auth['session'] !== undefined
    if (options.hidesUserInUse || mayBeOwn) accounts.checkLocalpart(username)
    else await accounts.checkAvailable(username)
  }

  /** The answer to a client that lost the first one: the account of this session, to whoever knows its password. */
  async #repeat(
    { outcome }: InteractiveProof,
    password: string,
    login: LoginRequest | undefined,
  ): Promise<Registered | undefined> {
    if (!isJsonObject(outcome)) return undefined
    const { accounts, hasher, sessions } = this.#deps
    const userId = parseUserId(optionalString(outcome, 'user_id') ?? '')
    const account = await accounts.find(userId)
    const { matches } = await hasher.verify(password, account?.passwordHash)
    if (account === undefined || !matches) throw new MatrixError('M_USER_IN_USE', 'This session has made its account')
    const { userNid } = account
    return { userId, login: login && (await sessions.open({ userId, userNid }, login)) }
  }
}

/** What registering oneself makes of an account. */
const PERSON = { isAdmin: false, isGuest: false, userType: undefined, displayname: undefined } as const

function readFields(parameters: JsonObject): Fields {
  const inhibitsLogin = optionalBoolean(parameters, 'inhibit_login') ?? false
  const login = readLoginRequest(parameters)
  return {
    username: optionalString(parameters, 'username')?.toLowerCase(),
    password: optionalString(parameters, 'password'),
    login: inhibitsLogin ? undefined : login,
  }
}

/** How the client wants to be signed in, in the fields that all logins share. @throws MatrixError M_BAD_JSON */
export function readLoginRequest(parameters: JsonObject): LoginRequest {
  return {
    deviceId: optionalString(parameters, 'device_id'),
    initialDeviceDisplayName: optionalString(parameters, 'initial_device_display_name'),
    supportsRefresh: optionalBoolean(parameters, 'refresh_token') ?? false,
  }
}
