import { MatrixError } from '@magik/protocol'
import Type from 'typebox'
import { refuseSuspended } from '../../services/auth/suspension.ts'
import type { InvitePolicy } from '../../services/rooms/invite-policy.ts'
import type { RoomMemberships } from '../../services/rooms/room-memberships.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText, UserIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

/**
 * Invites a user. The same path also takes third-party IDs, told apart by their `medium`.
 * @spec client-server-api/#post_matrixclientv3roomsroomidinvite
 */
export const inviteUser = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/invite',
  also: olderPaths('/rooms/{roomId}/invite'),
  auth: 'user',
  path: { roomId: RoomIdText },
  body: Type.Object({
    user_id: Type.Optional(UserIdText),
    reason: Type.Optional(Type.String()),
    medium: Type.Optional(Type.String()),
    address: Type.Optional(Type.String()),
  }),
  reply: {},
  async handle({ path, body, requester }, deps: { roomMemberships: RoomMemberships; invitePolicy: InvitePolicy }) {
    refuseSuspended(requester)
    const { user_id: target, reason } = body
    if (target === undefined) {
      if (body.medium === undefined && body.address === undefined) {
        throw new MatrixError('M_MISSING_PARAM', 'Missing field "user_id"')
      }
      throw new MatrixError('M_THREEPID_DENIED', 'Inviting by email address or phone number is not supported yet')
    }
    deps.invitePolicy.check(requester, target)
    await deps.roomMemberships.invite({ roomId: path.roomId, sender: requester.userId, target, reason })
    return {}
  },
})
