import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseServerName, type UserId } from '@magik/protocol'
import { onTestFinished } from 'vitest'
import { ManualClock } from '../../platform/clock/manual-clock.ts'
import { SqliteDatabase } from '../../platform/database/sqlite/sqlite-database.ts'
import { AccessTokenStore } from '../../storage/access-token-store.ts'
import { AccountDataStore } from '../../storage/account-data-store.ts'
import { AccountStore } from '../../storage/account-store.ts'
import { ChangeStore } from '../../storage/change-store.ts'
import { DeviceStore } from '../../storage/device-store.ts'
import { FilterStore } from '../../storage/filter-store.ts'
import { NumberStore } from '../../storage/number-store.ts'
import { ProfileStore } from '../../storage/profile-store.ts'
import { PushRuleStore } from '../../storage/push-rule-store.ts'
import { RefreshTokenStore } from '../../storage/refresh-token-store.ts'
import { RoomStore } from '../../storage/room-store.ts'
import type { Schema } from '../../storage/schema.ts'
import { UiAuthStore } from '../../storage/ui-auth-store.ts'
import { UserStore } from '../../storage/user-store.ts'
import { DeviceRemoval } from '../devices/device-removal.ts'
import { Devices } from '../devices/devices.ts'
import { Numbers } from '../events/numbers.ts'
import { type Change, ChangeLog } from '../log/change-log.ts'
import { PushRules } from '../push/push-rules.ts'
import { AccountData } from '../users/account-data.ts'
import { Accounts } from '../users/accounts.ts'
import { Filters } from '../users/filters.ts'
import { type MemberProfile, Profiles } from '../users/profiles.ts'
import { UserNumbers } from '../users/user-numbers.ts'
import { DeviceActivity } from './device-activity.ts'
import { DummyStage } from './dummy-stage.ts'
import { InteractiveAuth } from './interactive-auth.ts'
import { Logins } from './logins.ts'
import { PasswordHasher } from './password-hasher.ts'
import { PasswordLogin } from './password-login.ts'
import { PasswordPolicy } from './password-policy.ts'
import { PasswordStage } from './password-stage.ts'
import { Registration } from './registration.ts'
import { Sessions } from './sessions.ts'
import { SharedSecretRegistration } from './shared-secret-registration.ts'
import { TokenAuthenticator } from './token-authenticator.ts'
import { TokenIssuer, type TokenLifetimes } from './token-issuer.ts'
import { TokenRefresh } from './token-refresh.ts'

/** What a test may set differently. */
export interface TestAccountsOptions {
  readonly lifetimes?: Partial<TokenLifetimes>
  readonly pepper?: string
  readonly isOpen?: boolean
  readonly allowsGuests?: boolean
  readonly hidesUserInUse?: boolean
  readonly allowsDisplaynameChange?: boolean
  readonly requiresAuthentication?: boolean
  readonly proofLifetimeMs?: number
  readonly secret?: string | null
}

/** Everything about accounts on a database file of its own, with a clock moved by hand and seeded randomness. */
export async function testAccounts(options: TestAccountsOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'magik-accounts-'))
  const database = await SqliteDatabase.open<Schema>({
    path: join(folder, 'test.db'),
    migrations: new URL('../../storage/migrations/', import.meta.url),
    synchronous: 'OFF',
    strictReads: true,
  })
  onTestFinished(async () => {
    await database.close()
    await rm(folder, { recursive: true })
  })
  const clock = new ManualClock()
  const randomBytes = seededBytes()
  const serverName = parseServerName('example.org')
  const stores = {
    accounts: new AccountStore(database),
    devices: new DeviceStore(database),
    accessTokens: new AccessTokenStore(database),
    refreshTokens: new RefreshTokenStore(database),
    profiles: new ProfileStore(database),
  }
  const { accessTokens, refreshTokens } = stores
  const changeLog = new ChangeLog({ database, changes: new ChangeStore(database) })
  const changes: Change[] = []
  changeLog.listen((change) => void changes.push(change))
  const userNumbers = new UserNumbers({
    store: new UserStore(database),
    numbers: new Numbers(new NumberStore(database)),
  })
  const errors: unknown[] = []
  const activity = new DeviceActivity({ clock, database, devices: stores.devices, onError: (e) => errors.push(e) })
  const authenticator = new TokenAuthenticator({ clock, database, accessTokens, userNumbers, activity })
  const lifetimes = {
    sessionMs: null,
    refreshableAccessTokenMs: 300_000,
    refreshTokenMs: null,
    nonrefreshableAccessTokenMs: null,
    ...options.lifetimes,
  }
  const issuer = new TokenIssuer({ clock, randomBytes, accessTokens, refreshTokens, lifetimes })
  const sessions = new Sessions({ ...stores, clock, randomBytes, changeLog, issuer, authenticator })
  const accounts = new Accounts({
    ...stores,
    serverName,
    clock,
    randomBytes,
    changeLog,
    userNumbers,
    sessions,
    authenticator,
  })
  const hasher = new PasswordHasher({ pepper: options.pepper ?? '', cost: 'lowest' })
  const passwordLogin = new PasswordLogin({ serverName, database, accounts: stores.accounts, userNumbers, hasher })
  const interactiveAuth = new InteractiveAuth({
    clock,
    randomBytes,
    database,
    sessions: new UiAuthStore(database),
    accessTokens,
    stages: [new DummyStage(), new PasswordStage({ passwordLogin })],
    proofLifetimeMs: options.proofLifetimeMs ?? 0,
  })
  const policy = new PasswordPolicy({
    enabled: false,
    minimumLength: 0,
    requireDigit: false,
    requireSymbol: false,
    requireLowercase: false,
    requireUppercase: false,
  })
  const registration = new Registration({
    accounts,
    sessions,
    interactiveAuth,
    hasher,
    policy,
    options: {
      isOpen: options.isOpen ?? true,
      allowsGuests: options.allowsGuests ?? false,
      hidesUserInUse: options.hidesUserInUse ?? false,
    },
  })
  const memberProfiles: [UserId, MemberProfile][] = []
  const pushRules = new PushRules({ changeLog, store: new PushRuleStore(database) })
  return {
    database,
    clock,
    stores,
    changes,
    errors,
    userNumbers,
    activity,
    authenticator,
    sessions,
    accounts,
    hasher,
    passwordLogin,
    interactiveAuth,
    registration,
    pushRules,
    memberProfiles,
    logins: new Logins({ passwordLogin, sessions, offersPassword: true }),
    tokenRefresh: new TokenRefresh({ ...stores, changeLog, clock, issuer, authenticator }),
    sharedSecretRegistration: new SharedSecretRegistration({
      clock,
      randomBytes,
      accounts,
      hasher,
      secret: options.secret === undefined ? 'shared secret' : options.secret,
    }),
    devices: new Devices({ changeLog, devices: stores.devices }),
    deviceRemoval: new DeviceRemoval({ interactiveAuth, sessions }),
    filters: new Filters({ database, filters: new FilterStore(database) }),
    accountData: new AccountData({
      changeLog,
      store: new AccountDataStore(database),
      rooms: new RoomStore(database),
      pushRules,
    }),
    profiles: new Profiles({
      serverName,
      changeLog,
      profiles: stores.profiles,
      userNumbers,
      options: {
        allowsDisplaynameChange: options.allowsDisplaynameChange ?? true,
        allowsAvatarChange: true,
        requiresAuthentication: options.requiresAuthentication ?? false,
      },
      onProfileChanged: async (userId, profile) => void memberProfiles.push([userId, profile]),
    }),
    /** Registers a user with the password `secret` and signs in. */
    async user(localpart: string, login: { refresh?: boolean; isAdmin?: boolean; isGuest?: boolean } = {}) {
      const created = await accounts.create({
        localpart,
        passwordHash: await hasher.hash('secret'),
        isAdmin: login.isAdmin ?? false,
        isGuest: login.isGuest ?? false,
        userType: undefined,
        displayname: undefined,
        login: { deviceId: 'PHONE', initialDeviceDisplayName: 'phone', supportsRefresh: login.refresh ?? false },
      })
      if (created.login === undefined) throw new Error('the account was made without its login')
      const { accessToken, refreshToken } = created.login
      const requester = await authenticator.authenticate(accessToken)
      return { ...created, accessToken, refreshToken: refreshToken ?? '', requester }
    },
  }
}

/** Bytes that are the same in every run, and never repeat within one. */
function seededBytes(): (size: number) => Uint8Array {
  let count = 0
  return (size) => {
    const chunks: Buffer[] = []
    while (chunks.length * 32 < size) chunks.push(createHash('sha256').update(`seed ${count++}`).digest())
    return Buffer.concat(chunks).subarray(0, size)
  }
}

/** Holds that a promise is refused with that error code; gives the error for more. */
export async function refused(promise: Promise<unknown>, errcode: string): Promise<Record<string, unknown>> {
  const error: unknown = await promise.then(
    () => {
      throw new Error(`expected ${errcode}`)
    },
    (reason: unknown) => reason,
  )
  if (typeof error !== 'object' || error === null || !('errcode' in error) || error.errcode !== errcode) throw error
  return { ...error }
}
