import Type from 'typebox'
import type { RoomMemberships } from '../../services/rooms/room-memberships.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

/** Leaves a room or turns down an invite. @spec client-server-api/#post_matrixclientv3roomsroomidleave */
export const leaveRoom = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/leave',
  also: olderPaths('/rooms/{roomId}/leave'),
  auth: 'guest',
  path: { roomId: RoomIdText },
  body: Type.Object({ reason: Type.Optional(Type.String()) }),
  reply: {},
  async handle({ path, body, requester }, { roomMemberships }: { roomMemberships: RoomMemberships }) {
    await roomMemberships.leave(path.roomId, requester.userId, body.reason)
    return {}
  },
})

/** Hides a room that one has left. @spec client-server-api/#post_matrixclientv3roomsroomidforget */
export const forgetRoom = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/forget',
  also: olderPaths('/rooms/{roomId}/forget'),
  auth: 'user',
  path: { roomId: RoomIdText },
  reply: {},
  async handle({ path, requester }, { roomMemberships }: { roomMemberships: RoomMemberships }) {
    await roomMemberships.forget(path.roomId, requester.userId)
    return {}
  },
})
