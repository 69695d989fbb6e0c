import { roomServerName, serverNameOf } from '../identifiers.ts'
import { isAdditionalCreators } from '../room-creators.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { ROOM_VERSIONS } from '../room-version/room-versions.ts'
import type { EventToAuthorise } from './auth-check.ts'
import { ALLOWED, refuse, type Verdict } from './verdict.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkCreate({ roomId, pdu }: EventToAuthorise, version: RoomVersion): Verdict {
  // 1.1
  if (pdu.prev_events.length > 0) return refuse('1.1', 'A create event must be the first of its room')
  // 1.2
  if (version.roomIdFormat === 'create-event') {
    if (pdu.room_id !== undefined) return refuse('1.2', 'In this room version a create event must not carry a room_id')
  } else if (roomServerName(roomId) !== serverNameOf(pdu.sender)) {
    return refuse('v11/1.2', 'The server name in the room ID is not that of the creator')
  }
  // 1.3
  const { room_version: roomVersion } = pdu.content
  if (roomVersion !== undefined && (typeof roomVersion !== 'string' || !ROOM_VERSIONS.has(roomVersion))) {
    return refuse('1.3', 'The room version is not known here')
  }
  // v10: 1.4
  if (version.creatorNamedBy === 'content' && pdu.content.creator === undefined) {
    return refuse('v10/1.4', 'The create event names no creator')
  }
  // 1.4
  if (version.additionalCreators && !isAdditionalCreators(pdu.content.additional_creators)) {
    return refuse('1.4', 'additional_creators must be an array of user IDs')
  }
  // 1.5
  return ALLOWED
}
