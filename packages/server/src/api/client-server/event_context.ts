import Type from 'typebox'
import { jsonText } from '../../platform/http/reply.ts'
import type { RoomAccess } from '../../services/rooms/room-access.ts'
import { MAX_PAGE_EVENTS, type RoomMessages } from '../../services/rooms/room-messages.ts'
import type { RoomReader } from '../../services/rooms/room-reader.ts'
import { NO_ROOM_EVENT_FILTER, parseRoomEventFilter } from '../../services/sync/sync-filter.ts'
import { parseFilterText } from '../../services/sync/sync-filters.ts'
import { endpoint } from '../endpoint.ts'
import { EventIdText, RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

const DEFAULT_CONTEXT_EVENTS = 10

/** An event and those around it. @spec client-server-api/#get_matrixclientv3roomsroomidcontexteventid */
export const getEventContext = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/context/{eventId}',
  also: olderPaths('/rooms/{roomId}/context/{eventId}'),
  auth: 'guest',
  path: { roomId: RoomIdText, eventId: EventIdText },
  query: { limit: Type.Optional(Type.Integer({ minimum: 0 })), filter: Type.Optional(Type.String()) },
  async handle(
    { path, query, requester },
    deps: { roomAccess: RoomAccess; roomReader: RoomReader; roomMessages: RoomMessages },
  ) {
    const reading = await deps.roomAccess.read(path.roomId, requester)
    const event = await deps.roomReader.findEvent(path.roomId, path.eventId, requester)
    const context = await deps.roomMessages.context({
      reading,
      reader: requester,
      event,
      limit: Math.min(query.limit ?? DEFAULT_CONTEXT_EVENTS, MAX_PAGE_EVENTS),
      filter: query.filter === undefined ? NO_ROOM_EVENT_FILTER : parseRoomEventFilter(parseFilterText(query.filter)),
    })
    return jsonText(context)
  },
})
