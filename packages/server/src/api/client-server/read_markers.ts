import { isRoomId } from '@magik/protocol'
import { brandedString, JsonObject } from '../../platform/http/schemas.ts'
import type { ReadMarkers } from '../../services/rooms/read-markers.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/** @spec client-server-api/#post_matrixclientv3roomsroomidread_markers */
export const setReadMarker = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/read_markers',
  also: olderPaths('/rooms/{roomId}/read_markers'),
  auth: 'guest',
  path: { roomId: brandedString(isRoomId) },
  body: JsonObject,
  async handle({ path, body, requester }, { readMarkers }: { readMarkers: ReadMarkers }) {
    await readMarkers.set(requester, path.roomId, body)
    return {}
  },
})
