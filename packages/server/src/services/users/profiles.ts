import {
  canonicalJson,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MatrixError,
  parseJsonText,
  type ServerName,
  serverNameOf,
  stringifyJson,
  type UserId,
} from '@magik/protocol'
import { changeKind } from '../../storage/change-kind.ts'
import type { ProfileRow, ProfileStore } from '../../storage/profile-store.ts'
import type { Requester } from '../auth/requester.ts'
import type { ChangeLog } from '../log/change-log.ts'
import { checkProfileFieldName, checkProfileFieldValue } from './profile-field.ts'
import type { UserNumbers } from './user-numbers.ts'

/** What a user's member events carry of the profile. */
export interface MemberProfile {
  readonly displayname: string | undefined
  readonly avatarUrl: string | undefined
}

/** What `Profiles` stands on. */
export interface ProfilesDeps {
  readonly serverName: ServerName
  readonly changeLog: ChangeLog
  readonly profiles: ProfileStore
  readonly userNumbers: UserNumbers
  readonly options: {
    /** Whether users may change a name they have; administrators may. */
    readonly allowsDisplaynameChange: boolean
    readonly allowsAvatarChange: boolean
    /** Whether only who is signed in may read profiles. */
    readonly requiresAuthentication: boolean
  }
  /** Brings the user's member events up to date; called once the profile is durable. */
  readonly onProfileChanged: (userId: UserId, profile: MemberProfile) => Promise<void>
}

/** Largest profile, in bytes of canonical JSON. @spec client-server-api/#put_matrixclientv3profileuseridkeyname */
export const MAX_PROFILE_BYTES = 65_536

const MAX_ATTEMPTS = 5

/** Users' global profiles. A change that was answered is durable; two at once both take effect. */
export class Profiles {
  readonly #deps: ProfilesDeps

  constructor(deps: ProfilesDeps) {
    this.#deps = deps
  }

  /**
   * The whole profile, as clients see it.
   * @param reader undefined where nobody is signed in
   * @throws MatrixError M_NOT_FOUND; M_MISSING_TOKEN where only users of this server may read profiles.
   */
  async get(userId: UserId, reader: Requester | undefined): Promise<JsonObject> {
    if (reader === undefined && this.#deps.options.requiresAuthentication) {
      throw new MatrixError('M_MISSING_TOKEN', 'Missing access token')
    }
    const profile = await this.#find(userId)
    if (profile === undefined) throw new MatrixError('M_NOT_FOUND', 'No such profile')
    return toJson(profile.row)
  }

  /** One field of a profile. @throws MatrixError as `get`, and M_NOT_FOUND if it is not set. */
  async getField(userId: UserId, name: string, reader: Requester | undefined): Promise<JsonValue> {
    const profile = await this.get(userId, reader)
    const value = Object.hasOwn(profile, name) ? profile[name] : undefined
    if (value === undefined) throw new MatrixError('M_NOT_FOUND', 'The profile has no such field')
    return value
  }

  /** What member events of a user of this server carry; nothing for users without a profile. */
  async memberProfile(userId: UserId): Promise<MemberProfile> {
    const profile = await this.#find(userId)
    return { displayname: profile?.row.displayname, avatarUrl: profile?.row.avatarUrl }
  }

  /**
   * Sets a field, or removes it where `value` is undefined.
   * @throws MatrixError M_FORBIDDEN, M_GUEST_ACCESS_FORBIDDEN, M_USER_SUSPENDED if the requester may not; M_INVALID_PARAM,
   *   M_KEY_TOO_LARGE, M_PROFILE_TOO_LARGE; M_NOT_FOUND.
   */
  async setField(
    requester: Requester,
    change: { readonly userId: UserId; readonly name: string; readonly value: JsonValue | undefined },
  ): Promise<void> {
    const { userId, name } = change
    checkProfileFieldName(name)
    const value = checkProfileFieldValue(name, change.value)
    checkRight(requester, userId, name)
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      const profile = await this.#find(userId)
      if (profile === undefined) throw new MatrixError('M_NOT_FOUND', 'No such profile')
      this.#checkSwitches(requester, name, profile.row)
      if (await this.#replace(userId, profile, withField(profile.row, name, value))) return
    }
    throw new MatrixError('M_LIMIT_EXCEEDED', 'This profile is being changed too often', {
      fields: { retry_after_ms: 1_000 },
    })
  }

  async #replace(
    userId: UserId,
    { userNid, row: before }: { userNid: number; row: ProfileRow },
    after: ProfileRow,
  ): Promise<boolean> {
    if (Buffer.byteLength(canonicalJson(toJson(after), { lossless: true })) > MAX_PROFILE_BYTES) {
      throw new MatrixError('M_PROFILE_TOO_LARGE', `Profiles must have at most ${MAX_PROFILE_BYTES} bytes`)
    }
    const { changeLog, onProfileChanged, profiles } = this.#deps
    const result = await changeLog.append({
      statements: [profiles.update(userNid, after)],
      changes: [{ kind: changeKind.profile, userNid }],
    })
    if (!result.committed) return false
    if (after.displayname !== before.displayname || after.avatarUrl !== before.avatarUrl) {
      await onProfileChanged(userId, { displayname: after.displayname, avatarUrl: after.avatarUrl })
    }
    return true
  }

  async #find(userId: UserId): Promise<{ userNid: number; row: ProfileRow } | undefined> {
    const { profiles, serverName, userNumbers } = this.#deps
    if (serverNameOf(userId) !== serverName) return undefined
    const userNid = await userNumbers.find(userId)
    const row = userNid === undefined ? undefined : await profiles.find(userNid)
    return userNid === undefined || row === undefined ? undefined : { userNid, row }
  }

  /** As in Synapse, the switches keep users from changing what they have, not from setting it once. */
  #checkSwitches(requester: Requester, name: string, { displayname, avatarUrl }: ProfileRow): void {
    const { allowsAvatarChange, allowsDisplaynameChange } = this.#deps.options
    if (requester.isAdmin) return
    const isRefused =
      (name === 'displayname' && !allowsDisplaynameChange && displayname !== undefined) ||
      (name === 'avatar_url' && !allowsAvatarChange && avatarUrl !== undefined)
    if (isRefused) throw new MatrixError('M_FORBIDDEN', `This server does not let users change ${name}`)
  }
}

function checkRight(requester: Requester, userId: UserId, name: string): void {
  if (requester.userId !== userId && !requester.isAdmin) {
    throw new MatrixError('M_FORBIDDEN', "You may not change another user's profile")
  }
  if (requester.isSuspended) throw new MatrixError('M_USER_SUSPENDED', 'You may not do this while suspended')
  if (requester.isGuest && name !== 'displayname') {
    throw new MatrixError('M_GUEST_ACCESS_FORBIDDEN', 'Guests may only change their display name')
  }
}

function withField(row: ProfileRow, name: string, value: JsonValue | undefined): ProfileRow {
  if (name === 'displayname') return { ...row, displayname: typeof value === 'string' ? value : undefined }
  if (name === 'avatar_url') return { ...row, avatarUrl: typeof value === 'string' ? value : undefined }
  const { [name]: _, ...others } = parseFields(row)
  return { ...row, fields: stringifyJson(value === undefined ? others : { ...others, [name]: value }) }
}

function toJson(row: ProfileRow): JsonObject {
  return {
    ...(row.displayname !== undefined && { displayname: row.displayname }),
    ...(row.avatarUrl !== undefined && { avatar_url: row.avatarUrl }),
    ...parseFields(row),
  }
}

function parseFields({ fields }: ProfileRow): JsonObject {
  const value = parseJsonText(fields)
  if (!isJsonObject(value)) throw new Error('a profile holds something other than a JSON object')
  return value
}
