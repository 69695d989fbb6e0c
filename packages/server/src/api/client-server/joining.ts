import { isRoomAlias, type JsonObject, MatrixError, parseRoomId, type RoomId } from '@magik/protocol'
import Type from 'typebox'
import { JsonObject as JsonObjectSchema } from '../../platform/http/schemas.ts'
import type { Requester } from '../../services/auth/requester.ts'
import { refuseSuspended } from '../../services/auth/suspension.ts'
import { checkGuestAccess } from '../../services/rooms/guest-access.ts'
import type { RoomAliases } from '../../services/rooms/room-aliases.ts'
import type { RoomMemberships } from '../../services/rooms/room-memberships.ts'
import type { Rooms } from '../../services/rooms/rooms.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

interface JoiningDeps {
  readonly rooms: Rooms
  readonly roomMemberships: RoomMemberships
}

const JoinBody = Type.Intersect([JsonObjectSchema, Type.Object({ reason: Type.Optional(Type.String()) })])

/** Joins a room by its ID. @spec client-server-api/#post_matrixclientv3roomsroomidjoin */
export const joinRoomById = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/join',
  also: olderPaths('/rooms/{roomId}/join'),
  auth: 'guest',
  path: { roomId: RoomIdText },
  body: JoinBody,
  reply: { room_id: Type.String() },
  handle: ({ path, body, requester }, deps: JoiningDeps) => join(path.roomId, body, requester, deps),
})

/**
 * Joins a room by its ID or alias. The servers named to join it through matter only for rooms that this server is not
 * in.
 * @spec client-server-api/#post_matrixclientv3joinroomidoralias
 */
export const joinRoom = endpoint({
  route: 'POST /_matrix/client/v3/join/{roomIdOrAlias}',
  also: olderPaths('/join/{roomIdOrAlias}'),
  auth: 'guest',
  query: { via: Type.Optional(Type.Array(Type.String())), server_name: Type.Optional(Type.Array(Type.String())) },
  body: JoinBody,
  reply: { room_id: Type.String() },
  async handle({ path, body, requester }, deps: JoiningDeps & { roomAliases: RoomAliases }) {
    const text = path.roomIdOrAlias
    const roomId = isRoomAlias(text) ? (await deps.roomAliases.resolve(text)).roomId : parseRoomId(text)
    return join(roomId, body, requester, deps)
  },
})

async function join(
  roomId: RoomId,
  body: JsonObject & { reason?: string },
  requester: Requester,
  { rooms, roomMemberships }: JoiningDeps,
): Promise<{ room_id: string }> {
  refuseSuspended(requester)
  if (body['third_party_signed'] !== undefined) {
    throw new MatrixError('M_THREEPID_DENIED', 'Accepting an invite by third-party ID is not supported yet')
  }
  const room = await rooms.find(roomId)
  if (room !== undefined) await checkGuestAccess(requester, room)
  // What else the body holds becomes part of the event; but this server vouches for a join with its signature, so no
  // client may claim somebody's authority for it.
  const { reason, join_authorised_via_users_server: _claimed, ...extra } = body
  await roomMemberships.join(roomId, requester.userId, reason, extra)
  return { room_id: roomId }
}
