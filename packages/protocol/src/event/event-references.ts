import { encodeBase64 } from '../base64.ts'
import type { EventId } from '../identifiers.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { EventReference, Pdu, RoomEvent } from './pdu.ts'
import { referenceHash } from './reference-hash.ts'

/**
 * The IDs of an event's parents in the room's graph, in the order the event gives them.
 * @spec server-server-api/#pdus
 */
export function prevEventIds(pdu: Pdu): readonly EventId[] {
  return referencedIds(pdu.prev_events)
}

/**
 * The IDs of the events that an event claims as its permission.
 * @spec server-server-api/#auth-events-selection
 */
export function authEventIds(pdu: Pdu): readonly EventId[] {
  return referencedIds(pdu.auth_events)
}

/** An event's claimed depth. Beyond 2^53 − 1 (room versions 1 to 5) it is the nearest double. */
export function depthOf(pdu: Pdu): number {
  return pdu.depth.valueOf()
}

/**
 * What another event writes into its `prev_events` or `auth_events` to name this one. Hashes the event only in room
 * versions whose references carry a hash.
 * @param event whole or redacted: the reference is the same.
 * @throws CanonicalJsonError as `referenceHash` does.
 * @spec rooms/v1/#event-format
 */
export function referenceTo(
  { eventId, pdu }: Pick<RoomEvent, 'eventId' | 'pdu'>,
  version: RoomVersion,
): EventReference {
  if (version.eventReferences === 'ids') return eventId
  return [eventId, { sha256: encodeBase64(referenceHash(pdu, version)) }]
}

function referencedIds(references: readonly EventReference[]): readonly EventId[] {
  // Most room versions list bare IDs: no copy on that path.
  return holdsIdsOnly(references) ? references : references.map(idOf)
}

function holdsIdsOnly(references: readonly EventReference[]): references is readonly EventId[] {
  return references.every((reference) => typeof reference === 'string')
}

function idOf(reference: EventReference): EventId {
  return typeof reference === 'string' ? reference : reference[0]
}
