import { isJsonObject, type JsonObject, type UserId } from '@magik/protocol'
import type { RoomCreationRequest } from './room-creation-request.ts'

/**
 * The power levels of a new room: the creator alone rules, unless the preset trusts the invited, and whatever the
 * server's and the creator's overrides say.
 * @param serverOverride keys that the server's configuration replaces for the preset.
 * @spec client-server-api/#post_matrixclientv3createroom
 */
export function initialPowerLevels(request: RoomCreationRequest, serverOverride: JsonObject): JsonObject {
  const { creator, invites, preset, version } = request
  const isTrusting = preset === 'trusted_private_chat'
  // Where creators have power for ever they must not be listed; the trusted then are creators as well.
  const rulers: UserId[] = version.creatorPower === 'infinite' ? [] : [creator, ...(isTrusting ? invites : [])]
  return {
    users: Object.fromEntries(rulers.map((userId) => [userId, 100])),
    users_default: 0,
    events: {
      'm.room.name': 50,
      'm.room.power_levels': 100,
      'm.room.history_visibility': 100,
      'm.room.canonical_alias': 50,
      'm.room.avatar': 50,
      // Above every ordinary level where creators have more than any level.
      'm.room.tombstone': version.creatorPower === 'infinite' ? 150 : 100,
      'm.room.server_acl': 100,
      'm.room.encryption': 100,
    },
    events_default: 0,
    state_default: 50,
    ban: 50,
    kick: 50,
    redact: 50,
    invite: preset === 'public_chat' ? 50 : 0,
    historical: 100,
    ...serverOverride,
    ...withoutNulls(request.powerLevelOverride),
  }
}

function withoutNulls(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== null))
}

/** Who rules a new room besides its creator, in room versions where creators rule for ever. */
export function additionalCreators(request: RoomCreationRequest): JsonObject {
  const { version, preset, invites, creationContent } = request
  if (!version.additionalCreators || preset !== 'trusted_private_chat' || invites.length === 0) return {}
  const asked = creationContent['additional_creators']
  const listed = Array.isArray(asked) ? asked : []
  return { additional_creators: [...new Set([...listed, ...invites])] }
}

/** The override for a preset in the configuration. */
export function presetOverride(overrides: JsonObject, preset: string): JsonObject {
  const override = overrides[preset]
  return isJsonObject(override) ? override : {}
}
