import type { EventId, RoomId } from '../identifiers.ts'
import type { JsonObject } from '../json/json-value.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { Pdu } from './pdu.ts'
import { redact } from './redact.ts'
import { redactedEventId } from './redacted-event-id.ts'

/**
 * An event in the form clients get, but for `unsigned`, which differs from reader to reader.
 * @spec client-server-api/#room-event-format
 */
export type ClientEvent = {
  type: string
  content: JsonObject
  sender: string
  state_key?: string
  origin_server_ts: number
  event_id: EventId
  room_id: RoomId
  redacts?: EventId
}

/**
 * Brings an event into the form clients get, without `unsigned`. A redaction names its target both at the top level,
 * for older clients, and in `content`, for newer ones, whatever its room version. `content` is shared with the event.
 * @spec rooms/v11/#moving-the-redacts-property-of-mroomredaction-events-to-a-content-property
 */
export function clientEvent(pdu: Pdu, eventId: EventId, roomId: RoomId, version: RoomVersion): ClientEvent {
  const event: ClientEvent = {
    type: pdu.type,
    content: pdu.content,
    sender: pdu.sender,
    origin_server_ts: pdu.origin_server_ts,
    event_id: eventId,
    room_id: roomId,
  }
  if (pdu.state_key !== undefined) event.state_key = pdu.state_key
  const redacts = redactedEventId(pdu, version)
  if (redacts !== undefined) {
    event.redacts = redacts
    if (pdu.content.redacts !== redacts) event.content = { ...pdu.content, redacts }
  }
  return event
}

/**
 * As `clientEvent`, for an event that was redacted. The reader's `unsigned.redacted_because` is for the caller to add.
 * @spec client-server-api/#redactions
 */
export function redactedClientEvent(pdu: Pdu, eventId: EventId, roomId: RoomId, version: RoomVersion): ClientEvent {
  return clientEvent(redact(pdu, version), eventId, roomId, version)
}
