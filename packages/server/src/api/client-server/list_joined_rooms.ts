import Type from 'typebox'
import type { RoomMemberships } from '../../services/rooms/room-memberships.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** The rooms that the user is in. @spec client-server-api/#get_matrixclientv3joined_rooms */
export const getJoinedRooms = endpoint({
  route: 'GET /_matrix/client/v3/joined_rooms',
  also: olderPaths('/joined_rooms'),
  auth: 'user',
  reply: { joined_rooms: Type.Array(Type.String()) },
  async handle({ requester }, { roomMemberships }: { roomMemberships: RoomMemberships }) {
    return { joined_rooms: await roomMemberships.joinedRooms(requester.userNid) }
  },
})
