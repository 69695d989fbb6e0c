import Type from 'typebox'
import { refuseSuspended } from '../../services/auth/suspension.ts'
import type { RoomMemberships } from '../../services/rooms/room-memberships.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText, UserIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

const BanBody = Type.Object({ user_id: UserIdText, reason: Type.Optional(Type.String()) })

/** Shuts a user out of a room, in it or not. @spec client-server-api/#post_matrixclientv3roomsroomidban */
export const ban = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/ban',
  also: olderPaths('/rooms/{roomId}/ban'),
  auth: 'user',
  path: { roomId: RoomIdText },
  body: BanBody,
  reply: {},
  async handle({ path, body, requester }, { roomMemberships }: { roomMemberships: RoomMemberships }) {
    refuseSuspended(requester)
    const { user_id: target, reason } = body
    await roomMemberships.ban({ roomId: path.roomId, sender: requester.userId, target, reason })
    return {}
  },
})

/** Lifts a ban. @spec client-server-api/#post_matrixclientv3roomsroomidunban */
export const unban = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/unban',
  also: olderPaths('/rooms/{roomId}/unban'),
  auth: 'user',
  path: { roomId: RoomIdText },
  body: BanBody,
  reply: {},
  async handle({ path, body, requester }, { roomMemberships }: { roomMemberships: RoomMemberships }) {
    refuseSuspended(requester)
    const { user_id: target, reason } = body
    await roomMemberships.unban({ roomId: path.roomId, sender: requester.userId, target, reason })
    return {}
  },
})
