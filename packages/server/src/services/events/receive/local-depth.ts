import { depthOf, type Pdu } from '@magik/protocol'
import type { StoredEvent } from '../../../storage/stored-event.ts'

/** How far above all that a room holds an event may claim to be. */
export const MAX_DEPTH_STEP = 100_000

/** No event's place is higher, so that there is room above it. Room versions 1 to 5 let events claim up to 2^63 − 1. */
const MAX_LOCAL_DEPTH = 2 ** 52

/** The depth that an event claims, as far as it can be followed. */
export function claimedDepth(pdu: Pdu): number {
  return Math.min(depthOf(pdu), MAX_LOCAL_DEPTH)
}

/**
 * An event's place in the order of `/messages`: its claimed depth, bounded by what is known. It comes after its known
 * parents, whatever it claims, and a wild claim does not push the room's later events out of reach.
 * @param highest greatest local depth of the room; 0 if none of its events has a place yet: the first is believed.
 */
export function localDepth(pdu: Pdu, prevEvents: readonly StoredEvent[], highest: number): number {
  const lowest = prevEvents.reduce((depth, event) => Math.max(depth, event.depth), 0) + 1
  const claimed = claimedDepth(pdu)
  return Math.max(lowest, highest === 0 ? claimed : Math.min(claimed, highest + MAX_DEPTH_STEP))
}
