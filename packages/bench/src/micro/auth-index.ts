import { authEventIds, type EventId } from '@magik/protocol'
import type { AuthIndex } from '../../../server/src/services/state/auth-chains/auth-index.ts'
import type { RoomEvents } from './room-events.ts'

/** A room's auth chains as the server has them once their follower has caught up, in memory. */
export function authIndexOf(events: RoomEvents, numberOf: (eventId: EventId) => number | undefined): AuthIndex {
  const citing = new Map<EventId, EventId[]>()
  const depths = new Map<number, number>()
  // Events stand behind those they cite.
  for (const { eventId, pdu } of events.all.values()) {
    // The create event is cited without being named.
    let below = pdu.type === 'm.room.create' ? 0 : 1
    for (const cited of authEventIds(pdu)) {
      below = Math.max(below, depths.get(numberOf(cited) ?? 0) ?? 0)
      const others = citing.get(cited)
      if (others === undefined) citing.set(cited, [eventId])
      else others.push(eventId)
    }
    depths.set(numberOf(eventId) ?? 0, below + 1)
  }
  return {
    citing: async (eventIds, limit) =>
      new Map(eventIds.map((eventId) => [eventId, (citing.get(eventId) ?? []).slice(-limit).reverse()])),
    depthsOf: async (eventNids) => {
      const known = eventNids.flatMap((eventNid): [number, number][] => {
        const depth = depths.get(eventNid)
        return depth === undefined ? [] : [[eventNid, depth]]
      })
      return new Map(known)
    },
  }
}
