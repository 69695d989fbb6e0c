import type { EventId } from '../identifiers.ts'
import type { EventReference, Pdu } from './pdu.ts'

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
