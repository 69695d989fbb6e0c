import type { UserId } from '@magik/protocol'
import type { Config } from '../platform/config/index.ts'
import { DeviceActivity } from '../services/auth/device-activity.ts'
import { DummyStage } from '../services/auth/dummy-stage.ts'
import { InteractiveAuth } from '../services/auth/interactive-auth.ts'
import { Logins } from '../services/auth/logins.ts'
import { PasswordHasher } from '../services/auth/password-hasher.ts'
import { PasswordLogin } from '../services/auth/password-login.ts'
import { PasswordPolicy } from '../services/auth/password-policy.ts'
import { PasswordStage } from '../services/auth/password-stage.ts'
import { Registration } from '../services/auth/registration.ts'
import { Sessions } from '../services/auth/sessions.ts'
import { SharedSecretRegistration } from '../services/auth/shared-secret-registration.ts'
import { TokenAuthenticator } from '../services/auth/token-authenticator.ts'
import { TokenIssuer } from '../services/auth/token-issuer.ts'
import { TokenRefresh } from '../services/auth/token-refresh.ts'
import { DeviceRemoval } from '../services/devices/device-removal.ts'
import { Devices } from '../services/devices/devices.ts'
import { SyncFilters } from '../services/sync/sync-filters.ts'
import { AccountData } from '../services/users/account-data.ts'
import { Accounts } from '../services/users/accounts.ts'
import { Filters } from '../services/users/filters.ts'
import { Profiles } from '../services/users/profiles.ts'
import { changeKind } from '../storage/change-kind.ts'
import type { Core } from './core.ts'
import type { Foundations } from './foundations.ts'
import type { Stores } from './stores.ts'

/** `bcrypt_rounds` up to this asks for the cheapest hashes, as tests do. */
const LOWEST_BCRYPT_ROUNDS = 4

/** Accounts, their sessions, and what belongs to an account alone. */
export function createAccounts(
  foundations: Foundations,
  stores: Stores,
  core: Core,
  onProfileChanged: (userId: UserId) => Promise<void>,
) {
  const { config } = foundations
  const auth = createAuthentication(foundations, stores, core)
  const { interactiveAuth, sessions } = auth
  const { log: changeLog, userNumbers, pushRules } = core
  const { serverName, database } = foundations
  const filters = new Filters({ database, filters: stores.filterStore })
  return {
    ...auth,
    filters,
    syncFilters: new SyncFilters({ filters }),
    devices: new Devices({ changeLog, devices: stores.deviceStore }),
    deviceRemoval: new DeviceRemoval({ interactiveAuth, sessions }),
    accountData: new AccountData({ changeLog, store: stores.accountDataStore, rooms: stores.roomStore, pushRules }),
    profiles: new Profiles({
      serverName,
      changeLog,
      profiles: stores.profileStore,
      userNumbers,
      options: {
        allowsDisplaynameChange: config.enable_set_displayname,
        allowsAvatarChange: config.enable_set_avatar_url,
        requiresAuthentication: config.require_auth_for_profile_requests,
      },
      onProfileChanged,
    }),
    capabilityOptions: {
      defaultRoomVersion: config.default_room_version,
      allowsDisplaynameChange: config.enable_set_displayname,
      allowsAvatarChange: config.enable_set_avatar_url,
    },
  }
}

/** Registration, login and whatever else makes or checks tokens. */
function createAuthentication(foundations: Foundations, stores: Stores, { log: changeLog, userNumbers }: Core) {
  const { config, clock, database, logger, randomBytes, serverName } = foundations
  const { accountStore, deviceStore: devices } = stores
  const { accessTokenStore: accessTokens, refreshTokenStore: refreshTokens } = stores
  const activity = new DeviceActivity({
    clock,
    database,
    devices,
    onError: (error) => logger.warn({ err: error }, 'device activity could not be written'),
  })
  const authenticator = new TokenAuthenticator({ clock, database, accessTokens, userNumbers, activity })
  // Another process has changed what tokens stand for, or how many a user has.
  changeLog.prepareForeign(async () => ({ kind, userNid }) => {
    const isAboutTokens = kind === changeKind.account || kind === changeKind.device
    if (isAboutTokens && userNid !== undefined) authenticator.forgetUser(userNid)
  })
  const lifetimes = tokenLifetimes(config)
  const issuer = new TokenIssuer({ clock, randomBytes, accessTokens, refreshTokens, lifetimes })
  const common = { clock, randomBytes, database, serverName, changeLog, userNumbers, authenticator, issuer }
  const sessions = new Sessions({ ...common, devices, accessTokens, refreshTokens })
  const accounts = new Accounts({ ...common, accounts: accountStore, profiles: stores.profileStore, sessions })
  const hasher = new PasswordHasher({
    pepper: config.password_config.pepper,
    cost: config.bcrypt_rounds <= LOWEST_BCRYPT_ROUNDS ? 'lowest' : 'full',
  })
  const passwordLogin = new PasswordLogin({ ...common, accounts: accountStore, hasher })
  const interactiveAuth = new InteractiveAuth({
    ...common,
    sessions: stores.uiAuthStore,
    accessTokens,
    stages: [new DummyStage(), new PasswordStage({ passwordLogin })],
    proofLifetimeMs: config.ui_auth.session_timeout,
  })
  const { enabled, localdb_enabled: hasPasswords } = config.password_config
  return {
    activity,
    authenticator,
    accounts,
    sessions,
    interactiveAuth,
    logins: new Logins({ passwordLogin, sessions, offersPassword: enabled === true && hasPasswords }),
    tokenRefresh: new TokenRefresh({ ...common, accounts: accountStore, accessTokens, refreshTokens }),
    registration: new Registration({
      accounts,
      sessions,
      interactiveAuth,
      hasher,
      policy: passwordPolicy(config),
      options: {
        isOpen: config.enable_registration,
        allowsGuests: config.allow_guest_access,
        hidesUserInUse: config.inhibit_user_in_use_error,
      },
    }),
    sharedSecretRegistration: new SharedSecretRegistration({
      clock,
      randomBytes,
      accounts,
      hasher,
      secret: config.registration_shared_secret,
    }),
  }
}

function tokenLifetimes(config: Config) {
  return {
    sessionMs: config.session_lifetime,
    refreshableAccessTokenMs: config.refreshable_access_token_lifetime,
    refreshTokenMs: config.refresh_token_lifetime,
    nonrefreshableAccessTokenMs: config.nonrefreshable_access_token_lifetime,
  }
}

function passwordPolicy({ password_config: { policy } }: Config): PasswordPolicy {
  return new PasswordPolicy({
    enabled: policy.enabled,
    minimumLength: policy.minimum_length,
    requireDigit: policy.require_digit,
    requireSymbol: policy.require_symbol,
    requireLowercase: policy.require_lowercase,
    requireUppercase: policy.require_uppercase,
  })
}
