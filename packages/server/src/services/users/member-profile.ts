import type { JsonObject, UserId } from '@magik/protocol'
import type { ProfileStore } from '../../storage/profile-store.ts'
import type { UserNumbers } from './user-numbers.ts'

/** Reads what a user's membership events say of them. */
export class MemberProfiles {
  readonly #profiles: ProfileStore
  readonly #userNumbers: UserNumbers

  constructor(deps: { profileStore: ProfileStore; userNumbers: UserNumbers }) {
    this.#profiles = deps.profileStore
    this.#userNumbers = deps.userNumbers
  }

  /**
   * The part of a membership event's content that comes from the user's profile.
   * @spec client-server-api/#events-on-change-of-profile-information
   */
  async of(userId: UserId): Promise<JsonObject> {
    const userNid = await this.#userNumbers.find(userId)
    const profile = userNid === undefined ? undefined : await this.#profiles.find(userNid)
    return {
      ...(profile?.displayname !== undefined && { displayname: profile.displayname }),
      ...(profile?.avatarUrl !== undefined && { avatar_url: profile.avatarUrl }),
    }
  }
}
