import Type from 'typebox'
import type { Config } from '../../platform/config/index.ts'
import { refuseSuspended } from '../../services/auth/suspension.ts'
import type { RoomAccess } from '../../services/rooms/room-access.ts'
import type { RoomAliases } from '../../services/rooms/room-aliases.ts'
import { endpoint } from '../endpoint.ts'
import { RoomAliasText, RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

/** Names a room. @spec client-server-api/#put_matrixclientv3directoryroomroomalias */
export const setRoomAlias = endpoint({
  route: 'PUT /_matrix/client/v3/directory/room/{roomAlias}',
  also: olderPaths('/directory/room/{roomAlias}'),
  auth: 'user',
  path: { roomAlias: RoomAliasText },
  body: Type.Object({ room_id: RoomIdText }),
  reply: {},
  async handle({ path, body, requester }, { roomAliases }: { roomAliases: RoomAliases }) {
    refuseSuspended(requester)
    await roomAliases.add(path.roomAlias, body.room_id, requester.userId)
    return {}
  },
})

/** The room that an alias names. @spec client-server-api/#get_matrixclientv3directoryroomroomalias */
export const getRoomIdByAlias = endpoint({
  route: 'GET /_matrix/client/v3/directory/room/{roomAlias}',
  also: olderPaths('/directory/room/{roomAlias}'),
  auth: 'none',
  path: { roomAlias: RoomAliasText },
  reply: { room_id: Type.String(), servers: Type.Array(Type.String()) },
  async handle({ path }, { roomAliases, config }: { roomAliases: RoomAliases; config: Config }) {
    const { roomId } = await roomAliases.resolve(path.roomAlias)
    return { room_id: roomId, servers: [config.server_name] }
  },
})

/** Takes a name away. @spec client-server-api/#delete_matrixclientv3directoryroomroomalias */
export const deleteRoomAlias = endpoint({
  route: 'DELETE /_matrix/client/v3/directory/room/{roomAlias}',
  also: olderPaths('/directory/room/{roomAlias}'),
  auth: 'user',
  path: { roomAlias: RoomAliasText },
  reply: {},
  async handle({ path, requester }, { roomAliases }: { roomAliases: RoomAliases }) {
    refuseSuspended(requester)
    await roomAliases.remove(path.roomAlias, requester.userId, requester.isAdmin)
    return {}
  },
})

/** This server's aliases of a room. @spec client-server-api/#get_matrixclientv3roomsroomidaliases */
export const getLocalAliases = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/aliases',
  also: [
    ...olderPaths('/rooms/{roomId}/aliases'),
    '/_matrix/client/unstable/org.matrix.msc2432/rooms/{roomId}/aliases',
  ],
  auth: 'user',
  path: { roomId: RoomIdText },
  reply: { aliases: Type.Array(Type.String()) },
  async handle({ path, requester }, { roomAccess, roomAliases }: { roomAccess: RoomAccess; roomAliases: RoomAliases }) {
    const room = await roomAccess.readCurrent(path.roomId, requester)
    return { aliases: await roomAliases.list(room) }
  },
})
