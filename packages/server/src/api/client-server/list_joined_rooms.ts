import Type from 'typebox'
import type { Rooms } from '../../services/rooms/rooms.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** The rooms that the user is in. @spec client-server-api/#get_matrixclientv3joined_rooms */
export const getJoinedRooms = endpoint({
  route: 'GET /_matrix/client/v3/joined_rooms',
  also: olderPaths('/joined_rooms'),
  auth: 'user',
  reply: { joined_rooms: Type.Array(Type.String()) },
  async handle({ requester }, { membershipStore, rooms }: { membershipStore: MembershipStore; rooms: Rooms }) {
    const roomIds: string[] = []
    for (const { roomNid, membership } of await membershipStore.ofUser(requester.userNid)) {
      if (membership === 'join') roomIds.push((await rooms.getByNid(roomNid)).roomId)
    }
    return { joined_rooms: roomIds }
  },
})
