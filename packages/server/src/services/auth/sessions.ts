import { MatrixError, type UserId } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { BoundWrite } from '../../platform/database/database.ts'
import type { AccessTokenStore } from '../../storage/access-token-store.ts'
import { changeKind } from '../../storage/change-kind.ts'
import type { NewChange } from '../../storage/change-store.ts'
import type { DeviceStore } from '../../storage/device-store.ts'
import type { RefreshTokenStore } from '../../storage/refresh-token-store.ts'
import { checkDeviceDisplayName } from '../devices/devices.ts'
import type { ChangeLog } from '../log/change-log.ts'
import type { Requester } from './requester.ts'
import type { RandomBytes } from './token.ts'
import type { TokenAuthenticator } from './token-authenticator.ts'
import type { Credentials, TokenIssuer } from './token-issuer.ts'

/** A login: credentials on a device. */
export interface Login extends Credentials {
  readonly userId: UserId
  readonly deviceId: string
}

/** How a user wants to be signed in. */
export interface LoginRequest {
  /** Undefined: a new device with an ID of the server's. */
  readonly deviceId: string | undefined
  /** The name of the device, should it be new. */
  readonly initialDeviceDisplayName: string | undefined
  /** Whether the client can refresh its access token. */
  readonly supportsRefresh: boolean
}

/** A login not yet committed: its statements and changes join the caller's entry. */
export interface PreparedLogin {
  readonly login: Login
  readonly statements: readonly BoundWrite[]
  readonly changes: readonly NewChange[]
}

/** What `Sessions` stands on. */
export interface SessionsDeps {
  readonly clock: Clock
  readonly randomBytes: RandomBytes
  readonly changeLog: ChangeLog
  readonly devices: DeviceStore
  readonly accessTokens: AccessTokenStore
  readonly refreshTokens: RefreshTokenStore
  readonly issuer: TokenIssuer
  readonly authenticator: TokenAuthenticator
}

/** Longest device ID a client may choose, in UTF-16 units. */
const MAX_DEVICE_ID_LENGTH = 512
const NEW_DEVICE_ID_LENGTH = 10

/** Signs users in on devices, and out again. Tokens handed out are durable; tokens signed out of are dead at once. */
export class Sessions {
  readonly #deps: SessionsDeps

  constructor(deps: SessionsDeps) {
    this.#deps = deps
  }

  /**
   * Signs a user in. On a device the user has already, the tokens given out before die.
   * @throws MatrixError M_INVALID_PARAM if the device's ID or name is too long.
   * @spec client-server-api/#relationship-between-access-tokens-and-devices
   */
  async open(user: { readonly userId: UserId; readonly userNid: number }, request: LoginRequest): Promise<Login> {
    const { login, statements, changes } = await this.prepare(user, request)
    await this.#deps.changeLog.append({ statements, changes })
    this.#deps.authenticator.forgetDevice(user.userNid, login.deviceId)
    return login
  }

  /**
   * Like `open`, but leaves the commit to the caller: an account and its first login are made together or not at all.
   * @throws MatrixError as `open`.
   */
  async prepare(
    { userId, userNid }: { readonly userId: UserId; readonly userNid: number },
    { deviceId: wanted, initialDeviceDisplayName: displayName, supportsRefresh }: LoginRequest,
  ): Promise<PreparedLogin> {
    const { accessTokens, clock, devices, issuer, refreshTokens } = this.#deps
    checkLogin(wanted, displayName)
    const deviceId = wanted ?? this.#newDeviceId()
    const isNew = wanted === undefined || (await devices.find(userNid, deviceId)) === undefined
    const owner = { userNid, deviceId, sessionExpiresTs: issuer.newSessionEnd() }
    const tokens = issuer.issueFirst(owner, { supportsRefresh })
    return {
      login: { userId, deviceId, ...tokens.credentials },
      statements: [
        // Also where the device was found: it may be removed before this is committed.
        devices.insert({ userNid, deviceId, displayName, createdTs: clock.now() }),
        accessTokens.removeOfDevice(userNid, deviceId),
        refreshTokens.removeOfDevice(userNid, deviceId),
        ...tokens.statements,
      ],
      changes: [{ kind: isNew ? changeKind.device : changeKind.account, userNid }],
    }
  }

  /** Signs the requester's device out and removes it; a token bound to no device dies alone. */
  async close({ userNid, deviceId, tokenHash }: Requester): Promise<void> {
    const { accessTokens, authenticator, changeLog } = this.#deps
    if (deviceId !== undefined) {
      await this.closeDevice(userNid, deviceId)
    } else if (tokenHash !== undefined) {
      await changeLog.append({
        statements: [accessTokens.remove(tokenHash)],
        changes: [{ kind: changeKind.account, userNid }],
      })
      authenticator.forgetToken(tokenHash)
    }
  }

  /** Signs a device out and removes it. @returns whether there was such a device. */
  async closeDevice(userNid: number, deviceId: string): Promise<boolean> {
    const { accessTokens, authenticator, changeLog, devices, refreshTokens } = this.#deps
    const result = await changeLog.append({
      statements: [
        devices.remove(userNid, deviceId),
        accessTokens.removeOfDevice(userNid, deviceId),
        refreshTokens.removeOfDevice(userNid, deviceId),
      ],
      changes: [{ kind: changeKind.device, userNid }],
    })
    authenticator.forgetDevice(userNid, deviceId)
    return result.committed
  }

  /** Signs a user out everywhere and removes all devices. */
  async closeAll(userNid: number): Promise<void> {
    const { accessTokens, authenticator, changeLog, devices, refreshTokens } = this.#deps
    await changeLog.append({
      statements: [devices.removeAll(userNid), accessTokens.removeOfUser(userNid), refreshTokens.removeOfUser(userNid)],
      changes: [{ kind: changeKind.device, userNid }],
    })
    authenticator.forgetUser(userNid)
  }

  #newDeviceId(): string {
    // Unique among one user's devices is all it must be, so the slight bias of the remainder does not matter.
    const bytes = this.#deps.randomBytes(NEW_DEVICE_ID_LENGTH)
    return Array.from(bytes, (byte) => String.fromCharCode(65 + (byte % 26))).join('')
  }
}

function checkLogin(deviceId: string | undefined, displayName: string | undefined): void {
  if (deviceId !== undefined && (deviceId === '' || deviceId.length > MAX_DEVICE_ID_LENGTH)) {
    throw new MatrixError('M_INVALID_PARAM', `Device IDs must have 1 to ${MAX_DEVICE_ID_LENGTH} characters`)
  }
  checkDeviceDisplayName(displayName)
}
