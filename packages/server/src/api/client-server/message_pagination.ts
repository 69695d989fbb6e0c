import Type from 'typebox'
import { jsonText } from '../../platform/http/reply.ts'
import type { RoomAccess } from '../../services/rooms/room-access.ts'
import { MAX_PAGE_EVENTS, type RoomMessages } from '../../services/rooms/room-messages.ts'
import { parseRoomToken } from '../../services/sync/stream-token.ts'
import { NO_ROOM_EVENT_FILTER, parseRoomEventFilter } from '../../services/sync/sync-filter.ts'
import { parseFilterText } from '../../services/sync/sync-filters.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

const DEFAULT_PAGE_EVENTS = 10

/** A page of a room's events. @spec client-server-api/#get_matrixclientv3roomsroomidmessages */
export const getRoomEvents = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/messages',
  also: olderPaths('/rooms/{roomId}/messages'),
  auth: 'guest',
  path: { roomId: RoomIdText },
  query: {
    from: Type.Optional(Type.String()),
    to: Type.Optional(Type.String()),
    // Required by the spec; clients leave it out nevertheless.
    dir: Type.Optional(Type.Union([Type.Literal('b'), Type.Literal('f')])),
    limit: Type.Optional(Type.Integer({ minimum: 0 })),
    filter: Type.Optional(Type.String()),
  },
  async handle(
    { path, query, requester },
    { roomAccess, roomMessages }: { roomAccess: RoomAccess; roomMessages: RoomMessages },
  ) {
    const reading = await roomAccess.read(path.roomId, requester)
    const page = await roomMessages.page({
      reading,
      reader: requester,
      from: tokenOf(query.from),
      to: tokenOf(query.to),
      direction: query.dir ?? 'f',
      limit: Math.min(query.limit ?? DEFAULT_PAGE_EVENTS, MAX_PAGE_EVENTS),
      filter: query.filter === undefined ? NO_ROOM_EVENT_FILTER : parseRoomEventFilter(parseFilterText(query.filter)),
    })
    return jsonText(page)
  },
})

function tokenOf(text: string | undefined) {
  return text === undefined || text === '' ? undefined : parseRoomToken(text)
}
