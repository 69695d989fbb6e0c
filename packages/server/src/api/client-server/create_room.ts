import Type from 'typebox'
import type { Config } from '../../platform/config/index.ts'
import { refuseSuspended } from '../../services/auth/suspension.ts'
import type { InvitePolicy } from '../../services/rooms/invite-policy.ts'
import type { RoomCreator } from '../../services/rooms/room-creator.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'
import { CreateRoomBody, readRoomCreation } from './read-room-creation.ts'

/**
 * Makes a room. All its first events become visible together.
 * @spec client-server-api/#post_matrixclientv3createroom
 */
export const createRoom = endpoint({
  route: 'POST /_matrix/client/v3/createRoom',
  also: olderPaths('/createRoom'),
  auth: 'user',
  body: CreateRoomBody,
  reply: { room_id: Type.String() },
  async handle({ body, requester }, deps: { roomCreator: RoomCreator; invitePolicy: InvitePolicy; config: Config }) {
    refuseSuspended(requester)
    const request = readRoomCreation(body, requester, deps.config)
    for (const invitee of request.invites) deps.invitePolicy.check(requester, invitee)
    const { roomId } = await deps.roomCreator.create(request)
    return { room_id: roomId }
  },
})
