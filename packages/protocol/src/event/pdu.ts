import type { EventId, RoomId, UserId } from '../identifiers.ts'
import type { JsonNumber, JsonObject, JsonValue } from '../json/json-value.ts'

/**
 * How one event names another: by its ID or, in room versions 1 and 2, by its ID with its hashes. Read them with
 * `prevEventIds` and `authEventIds`.
 * @spec rooms/v1/#event-format
 */
export type EventReference = EventId | [EventId, { [algorithm: string]: string }]

/**
 * An event before it is hashed and signed. Its field names keep their wire spelling because they are hashed and signed
 * as they stand. Fields the spec does not name are kept: they are signed too.
 * @spec rooms/v12/#event-format
 */
export interface PduDraft {
  type: string
  /** Absent in a create event of a room version that derives the room's ID from it. */
  room_id?: RoomId
  sender: UserId
  state_key?: string
  content: JsonObject
  prev_events: EventReference[]
  auth_events: EventReference[]
  /** A `JsonNumber` only beyond 2^53 − 1, which room versions 1 to 5 permit. Read it with `depthOf`. */
  depth: number | JsonNumber
  /** Milliseconds since 1970, by the clock of the sender's server. */
  origin_server_ts: number
  unsigned?: JsonObject
  /** Top-level fields beyond those named here, `redacts` of room versions 1 to 10 among them. */
  [field: string]: JsonValue
}

/**
 * An event in federation form, format checked.
 * @spec rooms/v12/#event-format
 */
export interface Pdu extends PduDraft {
  hashes: { sha256: string }
  signatures: { [serverName: string]: { [keyId: string]: string } }
}

/** What the authorisation rules, visibility and push look at: an event with its ID and its room. */
export interface RoomEvent {
  readonly eventId: EventId
  readonly roomId: RoomId
  readonly pdu: Pdu
}
