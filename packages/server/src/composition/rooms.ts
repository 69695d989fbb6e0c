import { CanonicalAliases } from '../services/rooms/canonical-aliases.ts'
import { EventRenderer } from '../services/rooms/event-renderer.ts'
import { InvitePolicy } from '../services/rooms/invite-policy.ts'
import { Redactions } from '../services/rooms/redactions.ts'
import { RestrictedJoins } from '../services/rooms/restricted-join.ts'
import { RoomBlocks } from '../services/rooms/room-blocks.ts'
import { RoomAccess } from '../services/rooms/room-access.ts'
import { RoomAliases } from '../services/rooms/room-aliases.ts'
import { RoomCreator } from '../services/rooms/room-creator.ts'
import { RoomDirectory } from '../services/rooms/room-directory.ts'
import { RoomMemberships } from '../services/rooms/room-memberships.ts'
import { RoomMessages } from '../services/rooms/room-messages.ts'
import { RoomReader } from '../services/rooms/room-reader.ts'
import { RoomStateEvents } from '../services/rooms/room-state-events.ts'
import { MemberProfiles } from '../services/users/member-profile.ts'
import type { Core } from './core.ts'
import type { Foundations } from './foundations.ts'
import type { Stores } from './stores.ts'

/** What users do with rooms. */
export function createRooms(foundations: Foundations, stores: Stores, core: Core) {
  const { config, clock, serverName, epoch } = foundations
  const { eventSender: sender, log } = core
  const common = { ...core, ...stores, sender, clock, serverName, epoch }
  const profiles = new MemberProfiles(common)
  const roomBlocks = new RoomBlocks(common)
  const canonicalAliases = new CanonicalAliases(common)
  const invitePolicy = new InvitePolicy({ serverName, isForAdminsOnly: config.block_non_admin_invites })
  const renderer = new EventRenderer(core)
  const overrides = config.default_power_level_content_override
  return {
    invitePolicy,
    roomBlocks,
    roomCreator: new RoomCreator({
      ...common,
      profiles,
      powerLevelOverrides: {
        private_chat: overrides.private_chat ?? {},
        trusted_private_chat: overrides.trusted_private_chat ?? {},
        public_chat: overrides.public_chat ?? {},
      },
      encryptByDefault: config.encryption_enabled_by_default_for_room_type || 'off',
    }),
    roomMemberships: new RoomMemberships({
      ...common,
      profiles,
      restrictedJoins: new RestrictedJoins(common),
      roomBlocks,
    }),
    roomAliases: new RoomAliases({
      ...common,
      canonicalAliases,
      requireMembership: config.require_membership_for_aliases,
    }),
    roomDirectory: new RoomDirectory({ ...common, log }),
    roomAccess: new RoomAccess(common),
    roomReader: new RoomReader({ ...common, renderer }),
    roomMessages: new RoomMessages({ ...common, renderer }),
    roomStateEvents: new RoomStateEvents({
      ...common,
      profiles,
      invitePolicy,
      canonicalAliases,
      roomBlocks,
      allowPerRoomProfiles: config.allow_per_room_profiles,
    }),
    redactions: new Redactions(common),
  }
}
