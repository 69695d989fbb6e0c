import { MatrixError } from '../errors.ts'
import { isEventId, isRoomId, isUserId } from '../identifiers.ts'
import { isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../json/json-value.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { holdsForbiddenNumber } from './event-numbers.ts'
import { exceedsFieldLimit } from './event-size.ts'
import type { Pdu, PduDraft } from './pdu.ts'

/** Most events one event may name as its parents. @spec rooms/v12/#event-format */
export const MAX_PREV_EVENTS = 20
/** Most events one event may claim as its permission. @spec rooms/v12/#event-format */
export const MAX_AUTH_EVENTS = 10

/**
 * Checks that JSON is an event in the format of a room version. Fields that the format does not name are kept. The size
 * of the whole is `checkEventSize`'s business; hashes, signatures and permission are checked later.
 * @returns the value itself: the event is not copied.
 * @throws MatrixError M_BAD_JSON, naming the field at fault.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export function parsePdu(value: JsonValue, version: RoomVersion): Pdu {
  if (!isJsonObject(value)) throw badEvent('The event is not an object')
  assertPdu(value, version)
  return value
}

/**
 * As `parsePdu`, for an event that has yet to be hashed and signed, such as another server's template for a join.
 * @throws MatrixError M_BAD_JSON, naming the field at fault.
 */
export function parsePduDraft(value: JsonValue, version: RoomVersion): PduDraft {
  if (!isJsonObject(value)) throw badEvent('The event is not an object')
  assertPduDraft(value, version)
  return value
}

function assertPdu(event: JsonObject, version: RoomVersion): asserts event is Pdu {
  assertPduDraft(event, version)
  if (!isJsonObject(event.hashes) || typeof event.hashes.sha256 !== 'string') {
    throw badEvent('hashes must be an object with a string sha256')
  }
  if (!isSignatures(event.signatures)) {
    throw badEvent('signatures must be an object of objects of strings')
  }
}

function assertPduDraft(event: JsonObject, version: RoomVersion): asserts event is PduDraft {
  const { type, sender, state_key: stateKey, room_id: roomId } = event
  if (typeof type !== 'string' || exceedsFieldLimit(type)) throw badEvent('type must be a string of at most 255 bytes')
  if (typeof sender !== 'string' || !isUserId(sender)) throw badEvent('sender must be a user ID')
  if (stateKey !== undefined && (typeof stateKey !== 'string' || exceedsFieldLimit(stateKey))) {
    throw badEvent('state_key must be a string of at most 255 bytes')
  }
  // A create event that carries a room_id in spite of its room version has the right format; it is rule 1.2 that
  // rejects it.
  const mayLackRoomId = version.roomIdFormat === 'create-event' && type === 'm.room.create'
  if (roomId === undefined ? !mayLackRoomId : typeof roomId !== 'string' || !isRoomId(roomId)) {
    throw badEvent('room_id must be a room ID')
  }
  if (version.eventIdFormat === 'assigned' && (typeof event.event_id !== 'string' || !isEventId(event.event_id))) {
    throw badEvent('event_id must be an event ID')
  }
  if (!isJsonObject(event.content)) throw badEvent('content must be an object')
  checkReferences(event, 'prev_events', MAX_PREV_EVENTS, version)
  checkReferences(event, 'auth_events', MAX_AUTH_EVENTS, version)
  if (!isDepth(event.depth, version)) throw badEvent(`depth must be an integer from 0 to ${version.maxDepth}`)
  if (!Number.isSafeInteger(event.origin_server_ts)) throw badEvent('origin_server_ts must be an integer')
  if (event.unsigned !== undefined && !isJsonObject(event.unsigned)) throw badEvent('unsigned must be an object')
  if (version.canonicalJson === 'strict') checkNumbers(event)
}

function checkReferences(event: JsonObject, field: string, limit: number, version: RoomVersion): void {
  const references = event[field]
  if (!Array.isArray(references)) throw badEvent(`${field} must be an array`)
  if (references.length > limit) throw badEvent(`${field} must not name more than ${limit} events`)
  const isReference = version.eventReferences === 'ids' ? isReferenceById : isReferencePair
  for (const reference of references) {
    if (!isReference(reference)) throw badEvent(`${field} holds something other than a reference to an event`)
  }
}

function isReferenceById(value: JsonValue): boolean {
  return typeof value === 'string' && isEventId(value)
}

function isReferencePair(value: JsonValue): boolean {
  if (!Array.isArray(value) || value.length !== 2) return false
  const [eventId, hashes] = value
  return (
    eventId !== undefined && isReferenceById(eventId) && isJsonObject(hashes) && Object.values(hashes).every(isString)
  )
}

function isDepth(value: JsonValue | undefined, version: RoomVersion): boolean {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value >= 0
  // Beyond 2^53 − 1 the parser keeps the literal.
  return value instanceof JsonNumber && /^\d{1,19}$/.test(value.literal) && BigInt(value.literal) <= version.maxDepth
}

function isSignatures(value: JsonValue | undefined): boolean {
  return (
    isJsonObject(value) &&
    Object.values(value).every((keys) => isJsonObject(keys) && Object.values(keys).every(isString))
  )
}

function isString(value: JsonValue): boolean {
  return typeof value === 'string'
}

function checkNumbers(event: JsonObject): void {
  // `unsigned` is neither hashed nor signed, and canonical JSON is asked only of what is.
  for (const field of Object.keys(event)) {
    if (field !== 'unsigned' && holdsForbiddenNumber(event[field])) {
      throw badEvent(`${field} holds a number that is not an integer within ±(2^53 − 1)`)
    }
  }
}

function badEvent(message: string): MatrixError {
  return new MatrixError('M_BAD_JSON', message)
}
