import { depthOf, type Pdu } from '@magik/protocol'
import type { StoredEvent } from '../../../storage/stored-event.ts'

/** How far above all that a room holds an event may claim to be. */
export const MAX_DEPTH_STEP = 100_000

/**
 * An event's place in the order of `/messages`: its claimed depth, bounded by what is known. It comes after its known
 * parents, whatever it claims, and a wild claim does not push the room's later events out of reach.
 * @param highest greatest local depth of the room.
 */
export function localDepth(pdu: Pdu, prevEvents: readonly StoredEvent[], highest: number): number {
  const lowest = prevEvents.reduce((depth, event) => Math.max(depth, event.depth), 0) + 1
  return Math.max(lowest, Math.min(depthOf(pdu), highest + MAX_DEPTH_STEP))
}
