import { encodeBase64, encodeBase64Url } from '../base64.ts'
import { MatrixError } from '../errors.ts'
import type { EventId, RoomId } from '../identifiers.ts'
import { parseEventId, parseRoomId } from '../identifiers.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { Pdu } from './pdu.ts'
import { redact } from './redact.ts'
import { sha256 } from './sha256.ts'

/**
 * The part of an event that survives redaction, as the text that is hashed for its ID and signed by its server.
 * @throws CanonicalJsonError if the version is strict about numbers and the event holds one it forbids.
 * @spec server-server-api/#calculating-the-reference-hash-for-an-event
 */
export function essentialJson(pdu: Pdu, version: RoomVersion): string {
  const { signatures, unsigned, ...essential } = redact(pdu, version)
  return canonicalJson(essential, { lossless: version.canonicalJson === 'lossless' })
}

/**
 * Hashes the part of an event that survives redaction.
 * @param pdu must already carry `hashes`: the content hash is covered by this one.
 * @returns 32 raw bytes. How an event ID spells them is the room version's `eventIdFormat`.
 * @throws CanonicalJsonError if the version is strict about numbers and the event holds one it forbids.
 * @spec server-server-api/#calculating-the-reference-hash-for-an-event
 */
export function referenceHash(pdu: Pdu, version: RoomVersion): Uint8Array {
  return sha256(essentialJson(pdu, version))
}

/**
 * An event's ID: its reference hash, or the ID its server assigned where the room version has it so.
 * @throws MatrixError M_BAD_JSON if the version wants an assigned ID and the event has none.
 * @throws CanonicalJsonError as `referenceHash` does.
 * @spec rooms/v12/#event-ids
 */
export function eventIdOf(pdu: Pdu, version: RoomVersion): EventId {
  return version.eventIdFormat === 'assigned'
    ? assignedEventId(pdu)
    : eventIdOfJson(essentialJson(pdu, version), pdu, version)
}

/** As `eventIdOf`, for a caller that has the event's `essentialJson` at hand. */
export function eventIdOfJson(essential: string, pdu: Pdu, version: RoomVersion): EventId {
  switch (version.eventIdFormat) {
    case 'assigned':
      return assignedEventId(pdu)
    case 'base64':
      return parseEventId(`$${encodeBase64(sha256(essential))}`)
    case 'base64url':
      return parseEventId(`$${encodeBase64Url(sha256(essential))}`)
  }
}

/**
 * The ID of the room that a create event makes.
 * @param createEventId the create event's ID if the caller has it; else it is computed where it is needed.
 * @throws MatrixError M_BAD_JSON if the version wants a `room_id` in the event and there is none.
 * @spec rooms/v12/#event-format
 */
export function roomIdOfCreate(pdu: Pdu, version: RoomVersion, createEventId?: EventId): RoomId {
  if (version.roomIdFormat === 'create-event')
    return parseRoomId(`!${(createEventId ?? eventIdOf(pdu, version)).slice(1)}`)
  if (pdu.room_id === undefined) throw new MatrixError('M_BAD_JSON', 'The create event has no room_id')
  return pdu.room_id
}

/**
 * The ID of the create event that a room's ID names, where the room version has it so: other events need not name it.
 * @spec rooms/v12/#event-format
 */
export function impliedCreateEventId(roomId: RoomId, version: RoomVersion): EventId | undefined {
  return version.createEventIn === 'room-id' ? parseEventId(`$${roomId.slice(1)}`) : undefined
}

/**
 * The room an event belongs to: the one it names or, for a create event of a room version that has it so, makes.
 * @param eventId the event's own ID if the caller has it; else it is computed where it is needed.
 * @throws MatrixError M_BAD_JSON if the event ought to name a room and does not.
 */
export function roomIdOfEvent(pdu: Pdu, version: RoomVersion, eventId?: EventId): RoomId {
  if (pdu.type === 'm.room.create') return roomIdOfCreate(pdu, version, eventId)
  if (pdu.room_id === undefined) throw new MatrixError('M_BAD_JSON', 'The event has no room_id')
  return pdu.room_id
}

function assignedEventId(pdu: Pdu): EventId {
  const { event_id: eventId } = pdu
  if (typeof eventId !== 'string') throw new MatrixError('M_BAD_JSON', 'The event has no event_id')
  return parseEventId(eventId)
}
