import { ROOM_VERSIONS } from '@magik/protocol'
import type { Requester } from '../auth/requester.ts'

/** What the configuration decides about capabilities. */
export interface CapabilityOptions {
  readonly defaultRoomVersion: string
  readonly allowsDisplaynameChange: boolean
  readonly allowsAvatarChange: boolean
}

/** What this server offers a user, in the spec's form. @spec client-server-api/#capabilities-negotiation */
export function capabilitiesOf(requester: Requester, options: CapabilityOptions) {
  const setsDisplayname = options.allowsDisplaynameChange || requester.isAdmin
  const setsAvatar = options.allowsAvatarChange || requester.isAdmin
  const disallowed = [...(setsDisplayname ? [] : ['displayname']), ...(setsAvatar ? [] : ['avatar_url'])]
  return {
    'm.room_versions': {
      default: options.defaultRoomVersion,
      available: Object.fromEntries([...ROOM_VERSIONS.keys()].map((version) => [version, 'stable'])),
    },
    'm.change_password': { enabled: false },
    'm.set_displayname': { enabled: setsDisplayname },
    'm.set_avatar_url': { enabled: setsAvatar },
    'm.profile_fields': { enabled: true, ...(disallowed.length > 0 && { disallowed }) },
    'm.3pid_changes': { enabled: false },
    'm.get_login_token': { enabled: false },
    'm.forget_forced_upon_leave': { enabled: false },
  }
}
