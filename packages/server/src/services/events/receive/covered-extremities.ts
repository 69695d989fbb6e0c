import { prevEventIds } from '@magik/protocol'
import type { ForwardExtremity } from '../../../storage/room-store.ts'
import { eventStatus, type StoredEvent } from '../../../storage/stored-event.ts'
import type { EventReader } from '../event-reader.ts'

/** Refused events looked at, at most, on the way to what they build on. */
const MAX_REFUSED = 1_000

/**
 * Numbers of the forward extremities that an event builds on. Events that were refused are no extremities; whoever
 * builds on them builds on what they built on.
 */
export async function coveredExtremities(
  events: EventReader,
  extremities: readonly ForwardExtremity[],
  prevEvents: readonly StoredEvent[],
): Promise<Set<number>> {
  const isExtremity = new Set(extremities.map(({ eventNid }) => eventNid))
  const covered = new Set<number>()
  const seen = new Set<number>()
  let refused = prevEvents
  while (refused.length > 0 && seen.size < MAX_REFUSED) {
    const parents = []
    for (const event of refused) {
      if (seen.has(event.eventNid)) continue
      seen.add(event.eventNid)
      if (isExtremity.has(event.eventNid)) covered.add(event.eventNid)
      else if (event.status !== eventStatus.accepted) parents.push(...prevEventIds(events.pdu(event)))
    }
    refused = parents.length === 0 ? [] : [...(await events.findManyForWriting(parents)).values()]
  }
  return covered
}
