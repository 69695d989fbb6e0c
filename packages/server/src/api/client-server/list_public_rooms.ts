import { type JsonObject, MatrixError } from '@magik/protocol'
import Type from 'typebox'
import type { Config } from '../../platform/config/index.ts'
import { refuseSuspended } from '../../services/auth/suspension.ts'
import type { DirectoryQuery, RoomDirectory } from '../../services/rooms/room-directory.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

const Visibility = Type.Union([Type.Literal('public'), Type.Literal('private')])

interface DirectoryDeps {
  readonly roomDirectory: RoomDirectory
  readonly config: Config
}

/** Whether a room is listed. @spec client-server-api/#get_matrixclientv3directorylistroomroomid */
export const getRoomVisibilityOnDirectory = endpoint({
  route: 'GET /_matrix/client/v3/directory/list/room/{roomId}',
  also: olderPaths('/directory/list/room/{roomId}'),
  auth: 'none',
  path: { roomId: RoomIdText },
  reply: { visibility: Visibility },
  async handle({ path }, { roomDirectory }: { roomDirectory: RoomDirectory }) {
    return { visibility: await roomDirectory.visibility(path.roomId) }
  },
})

/** Lists a room, or takes it out. @spec client-server-api/#put_matrixclientv3directorylistroomroomid */
export const setRoomVisibilityOnDirectory = endpoint({
  route: 'PUT /_matrix/client/v3/directory/list/room/{roomId}',
  also: olderPaths('/directory/list/room/{roomId}'),
  auth: 'user',
  path: { roomId: RoomIdText },
  body: Type.Object({ visibility: Type.Optional(Visibility) }),
  reply: {},
  async handle({ path, body, requester }, { roomDirectory }: { roomDirectory: RoomDirectory }) {
    refuseSuspended(requester)
    await roomDirectory.setVisibility(path.roomId, body.visibility ?? 'public', requester)
    return {}
  },
})

/**
 * The listed rooms. Deviation: the spec asks for no token; like Synapse by default, this server shows its directory to
 * its users only.
 * @spec client-server-api/#get_matrixclientv3publicrooms
 */
export const getPublicRooms = endpoint({
  route: 'GET /_matrix/client/v3/publicRooms',
  also: olderPaths('/publicRooms'),
  auth: 'user',
  query: {
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    since: Type.Optional(Type.String()),
    server: Type.Optional(Type.String()),
  },
  handle: ({ query }, deps: DirectoryDeps) => list({ ...everyRoom(query), limit: query.limit }, query.server, deps),
})

/** The listed rooms that fit a filter. @spec client-server-api/#post_matrixclientv3publicrooms */
export const queryPublicRooms = endpoint({
  route: 'POST /_matrix/client/v3/publicRooms',
  also: olderPaths('/publicRooms'),
  auth: 'user',
  query: { server: Type.Optional(Type.String()) },
  body: Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    since: Type.Optional(Type.String()),
    filter: Type.Optional(
      Type.Object({
        generic_search_term: Type.Optional(Type.Union([Type.String(), Type.Null()])),
        room_types: Type.Optional(Type.Array(Type.Union([Type.String(), Type.Null()]))),
      }),
    ),
  }),
  handle({ query, body }, deps: DirectoryDeps) {
    const searchTerm = body.filter?.generic_search_term ?? undefined
    const directoryQuery = { ...everyRoom(body), searchTerm, roomTypes: body.filter?.room_types, limit: body.limit }
    return list(directoryQuery, query.server, deps)
  },
})

function everyRoom({ since }: { since?: string }): DirectoryQuery {
  return { limit: undefined, since: since === '' ? undefined : since, searchTerm: undefined, roomTypes: undefined }
}

async function list(query: DirectoryQuery, server: string | undefined, deps: DirectoryDeps): Promise<JsonObject> {
  if (server !== undefined && server !== '' && server !== deps.config.server_name) {
    throw new MatrixError('M_NOT_FOUND', 'This server cannot reach the directories of others yet')
  }
  return deps.roomDirectory.list(query)
}
