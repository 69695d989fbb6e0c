import Type from 'typebox'
import { refuseSuspended } from '../../services/auth/suspension.ts'
import type { RoomMemberships } from '../../services/rooms/room-memberships.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText, UserIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

/** Removes a user from a room. @spec client-server-api/#post_matrixclientv3roomsroomidkick */
export const kick = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/kick',
  also: olderPaths('/rooms/{roomId}/kick'),
  auth: 'user',
  path: { roomId: RoomIdText },
  body: Type.Object({ user_id: UserIdText, reason: Type.Optional(Type.String()) }),
  reply: {},
  async handle({ path, body, requester }, { roomMemberships }: { roomMemberships: RoomMemberships }) {
    refuseSuspended(requester)
    const { user_id: target, reason } = body
    await roomMemberships.kick({ roomId: path.roomId, sender: requester.userId, target, reason })
    return {}
  },
})
