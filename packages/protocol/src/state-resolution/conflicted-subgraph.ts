import type { EventId } from '../identifiers.ts'
import { batches, type EventReader } from './event-reader.ts'
import { GraphEdges } from './graph-edges.ts'

/** Most events asked for that cite one event. An event of more is left to the search downwards. */
const CITING_LIMIT = 64
/** How far the search upwards goes, in events for each conflicted one, before it leaves the rest to the other. */
const UPWARD_PER_CONFLICTED = 32
const UPWARD_AT_LEAST = 2_000

/**
 * The conflicted state subgraph: every event on a path along auth events from one conflicted event to another, with its
 * ends.
 *
 * Searching downwards from the conflicted events meets a room's whole history of power levels, searching upwards whoever
 * joined since. Each alone is exact for the lower ends it covers, so they share the work: upwards from all, as long as
 * few events cite what is met, which covers members and the like; then downwards to those lower ends that are left,
 * such as the power levels before last, and no deeper than they lie where the events tell their `authDepth`.
 * @param upwardLimit most events met on the way upwards.
 * @spec rooms/v12/#definitions
 */
export async function conflictedSubgraph(
  conflicted: ReadonlySet<EventId>,
  reader: EventReader,
  upwardLimit: number = Math.max(UPWARD_AT_LEAST, UPWARD_PER_CONFLICTED * conflicted.size),
): Promise<ReadonlySet<EventId>> {
  if (!reader.hasIndex) return searchDownwards(conflicted, conflicted, reader)
  const { subgraph, uncovered } = await searchUpwards(conflicted, reader, upwardLimit)
  if (uncovered.size === 0) return subgraph
  return subgraph.union(await searchDownwards(conflicted, uncovered, reader))
}

/** The subgraph as far as all that lies above a lower end is known, and the lower ends of which that is not so. */
async function searchUpwards(
  conflicted: ReadonlySet<EventId>,
  reader: EventReader,
  limit: number,
): Promise<{ subgraph: Set<EventId>; uncovered: Set<EventId> }> {
  const seen = new Set(conflicted)
  const cited = new GraphEdges()
  const open: EventId[] = []
  let pending = [...conflicted]
  while (pending.length > 0) {
    if (seen.size > limit) {
      open.push(...pending)
      break
    }
    const next: EventId[] = []
    for (const [eventId, { eventIds: citing, complete }] of await reader.citing(pending, CITING_LIMIT)) {
      if (!complete) open.push(eventId)
      for (const citingId of complete ? citing : []) {
        cited.add(citingId, eventId)
        if (seen.has(citingId)) continue
        seen.add(citingId)
        next.push(citingId)
      }
    }
    reader.visit(next.length)
    pending = next
  }
  // All that was met lies above a conflicted event; on a path is what lies below one as well.
  return {
    subgraph: cited.reachableFrom(conflicted),
    uncovered: cited.reachableFrom(open).intersection(conflicted),
  }
}

/** The part of the subgraph above some of the conflicted events. */
async function searchDownwards(
  conflicted: ReadonlySet<EventId>,
  lowerEnds: ReadonlySet<EventId>,
  reader: EventReader,
): Promise<Set<EventId>> {
  const floor = await leastAuthDepth(lowerEnds, reader)
  const seen = new Set<EventId>(conflicted)
  const citing = new GraphEdges()
  let pending = [...conflicted]
  while (pending.length > 0) {
    const next: EventId[] = []
    for (const batch of batches(pending)) {
      for (const [eventId, event] of await reader.load(batch)) {
        if ((event.authDepth ?? Infinity) <= floor) continue
        for (const authEventId of reader.authEventIds(event)) {
          citing.add(authEventId, eventId)
          if (seen.has(authEventId)) continue
          seen.add(authEventId)
          next.push(authEventId)
        }
      }
    }
    reader.visit(next.length)
    pending = next
  }
  return citing.reachableFrom(lowerEnds)
}

/** The least `authDepth` of the events; without bound if one does not tell. */
async function leastAuthDepth(eventIds: ReadonlySet<EventId>, reader: EventReader): Promise<number> {
  let least = Infinity
  for (const batch of batches([...eventIds])) {
    for (const { authDepth } of (await reader.load(batch)).values()) least = Math.min(least, authDepth ?? -Infinity)
  }
  return least
}
