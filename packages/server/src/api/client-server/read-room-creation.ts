import {
  aliasOf,
  getRoomVersion,
  type JsonObject,
  MatrixError,
  parseServerName,
  parseUserId,
  type RoomAlias,
  type RoomVersion,
  type UserId,
} from '@magik/protocol'
import Type, { type Static } from 'typebox'
import type { Config } from '../../platform/config/index.ts'
import { Json, JsonObject as JsonObjectSchema } from '../../platform/http/schemas.ts'
import type { Requester } from '../../services/auth/requester.ts'
import type { RoomCreationRequest, RoomPreset } from '../../services/rooms/room-creation-request.ts'

/** What a client asks for; see `createRoom`. */
export const CreateRoomBody = Type.Object({
  visibility: Type.Optional(Type.Union([Type.Literal('public'), Type.Literal('private')])),
  room_alias_name: Type.Optional(Type.String()),
  name: Type.Optional(Type.String()),
  topic: Type.Optional(Type.String()),
  invite: Type.Optional(Type.Array(Type.String())),
  invite_3pid: Type.Optional(Type.Array(Json)),
  room_version: Type.Optional(Type.String()),
  creation_content: Type.Optional(JsonObjectSchema),
  initial_state: Type.Optional(
    Type.Array(
      Type.Object({ type: Type.String(), state_key: Type.Optional(Type.String()), content: JsonObjectSchema }),
    ),
  ),
  preset: Type.Optional(
    Type.Union([Type.Literal('private_chat'), Type.Literal('public_chat'), Type.Literal('trusted_private_chat')]),
  ),
  is_direct: Type.Optional(Type.Boolean()),
  power_level_content_override: Type.Optional(JsonObjectSchema),
})

/**
 * Fills in what the client left to the server.
 * @throws MatrixError M_UNSUPPORTED_ROOM_VERSION, M_THREEPID_DENIED, M_INVALID_PARAM, M_FORBIDDEN
 */
export function readRoomCreation(
  body: Static<typeof CreateRoomBody>,
  { userId }: Pick<Requester, 'userId'>,
  config: Pick<Config, 'server_name' | 'default_room_version'>,
): RoomCreationRequest {
  if (body.invite_3pid !== undefined && body.invite_3pid.length > 0) {
    throw new MatrixError('M_THREEPID_DENIED', 'Inviting by email address or phone number is not supported yet')
  }
  return {
    creator: userId,
    version: roomVersion(body.room_version ?? config.default_room_version),
    preset: body.preset ?? defaultPreset(body.visibility),
    isPublished: body.visibility === 'public',
    alias: body.room_alias_name === undefined ? undefined : newAlias(body.room_alias_name, config),
    name: body.name,
    topic: body.topic,
    invites: invitees(body.invite ?? [], userId),
    creationContent: withoutCreator(body.creation_content ?? {}),
    initialState: (body.initial_state ?? []).map(({ type, state_key: stateKey = '', content }) => ({
      type,
      stateKey,
      content,
    })),
    isDirect: body.is_direct ?? false,
    powerLevelOverride: body.power_level_content_override ?? {},
  }
}

function roomVersion(id: string): RoomVersion {
  const version = getRoomVersion(id)
  if (version === undefined) {
    throw new MatrixError('M_UNSUPPORTED_ROOM_VERSION', 'Your homeserver does not support this room version')
  }
  return version
}

function defaultPreset(visibility: string | undefined): RoomPreset {
  return visibility === 'public' ? 'public_chat' : 'private_chat'
}

function newAlias(localpart: string, config: Pick<Config, 'server_name'>): RoomAlias {
  if (/\s/.test(localpart)) throw new MatrixError('M_INVALID_PARAM', 'A room alias must not contain white space')
  return aliasOf(localpart, parseServerName(config.server_name))
}

function invitees(invite: readonly string[], creator: UserId): UserId[] {
  const userIds = [...new Set(invite)].map(parseUserId)
  if (userIds.includes(creator)) throw new MatrixError('M_FORBIDDEN', 'You cannot invite yourself')
  return userIds
}

/** Who made the room is not for the client to say. */
function withoutCreator({ creator: _claimed, ...content }: JsonObject): JsonObject {
  return content
}
