import type { EventId } from '../identifiers.ts'
import { compareCodePoints } from '../json/code-point-order.ts'
import { PowerLevels } from '../power-levels.ts'
import type { ConflictedEvents } from './conflicted-events.ts'
import { batches, type EventReader } from './event-reader.ts'
import { PriorityQueue } from './priority-queue.ts'
import type { ResolutionEvent } from './resolution-events.ts'

interface PowerRank {
  readonly eventId: EventId
  readonly senderLevel: number
  readonly originServerTs: number
}

/**
 * The power events of the full conflicted set, with the events of it in their auth chains, in reverse topological power
 * ordering.
 *
 * Deviation: auth chains are followed inside the full conflicted set only, as every known server does, also where
 * version 2's set has gaps; the definition could be read as following them through such gaps. Events that lie on a
 * cycle or above one have no place in the ordering; they come back as `unordered`, to be left out of the resolution.
 * @spec rooms/v12/#definitions
 */
export async function orderPowerEvents(
  events: ConflictedEvents,
  reader: EventReader,
): Promise<{ ordered: readonly EventId[]; unordered: readonly EventId[] }> {
  const permissions = permissionGraph(events)
  const ranks = await rankBySender([...permissions.keys()], events, reader)
  const ordered = sortTopologically(permissions, ranks)
  const placed = new Set(ordered)
  return { ordered, unordered: [...permissions.keys()].filter((eventId) => !placed.has(eventId)) }
}

/** For each power event and each event in its auth chain, its auth events; all of the full conflicted set. */
function permissionGraph(events: ConflictedEvents): Map<EventId, readonly EventId[]> {
  const graph = new Map<EventId, readonly EventId[]>()
  const pending = [...events.values()].filter(({ isPowerEvent }) => isPowerEvent)
  for (let event = pending.pop(); event !== undefined; event = pending.pop()) {
    if (graph.has(event.eventId)) continue
    const authEvents = event.authEventIds.flatMap((eventId) => events.get(eventId) ?? [])
    graph.set(
      event.eventId,
      authEvents.map(({ eventId }) => eventId),
    )
    pending.push(...authEvents)
  }
  return graph
}

async function rankBySender(
  eventIds: readonly EventId[],
  events: ConflictedEvents,
  reader: EventReader,
): Promise<Map<EventId, PowerRank>> {
  const ranks = new Map<EventId, PowerRank>()
  for (const batch of batches(eventIds)) {
    const loaded = await reader.load(batch)
    const authEvents = await reader.load([...loaded.values()].flatMap((event) => reader.authEventIds(event)))
    for (const [eventId, event] of loaded) {
      const cited = reader.authEventIds(event).flatMap((authEventId) => authEvents.get(authEventId) ?? [])
      const originServerTs = events.get(eventId)?.originServerTs ?? 0
      ranks.set(eventId, { eventId, senderLevel: senderLevelBy(cited, event, reader), originServerTs })
    }
  }
  return ranks
}

/** The sender's power level according to the event's auth events; 0 if the create event is not among them. */
function senderLevelBy(authEvents: readonly ResolutionEvent[], { pdu }: ResolutionEvent, reader: EventReader): number {
  const find = (type: string) => authEvents.find((event) => event.pdu.type === type && event.pdu.state_key === '')?.pdu
  const create = find('m.room.create')
  if (create === undefined) return 0
  return PowerLevels.from(find('m.room.power_levels')?.content, create, reader.version).ofUser(pdu.sender)
}

function compareRanks(a: PowerRank, b: PowerRank): number {
  // Not subtracted: two infinite levels are equal.
  if (a.senderLevel !== b.senderLevel) return a.senderLevel > b.senderLevel ? -1 : 1
  return a.originServerTs - b.originServerTs || compareCodePoints(a.eventId, b.eventId)
}

/** Kahn's algorithm; events on or above a cycle are left out. */
function sortTopologically(
  permissions: ReadonlyMap<EventId, readonly EventId[]>,
  ranks: ReadonlyMap<EventId, PowerRank>,
): EventId[] {
  const missing = new Map<EventId, number>()
  const citing = new Map<EventId, EventId[]>()
  const ready = new PriorityQueue(compareRanks)
  const release = (eventId: EventId) => {
    const rank = ranks.get(eventId)
    if (rank) ready.push(rank)
  }
  for (const [eventId, authEventIds] of permissions) {
    missing.set(eventId, authEventIds.length)
    for (const authEventId of authEventIds) {
      const others = citing.get(authEventId)
      if (others) others.push(eventId)
      else citing.set(authEventId, [eventId])
    }
    if (authEventIds.length === 0) release(eventId)
  }
  const sorted: EventId[] = []
  for (let next = ready.pop(); next !== undefined; next = ready.pop()) {
    sorted.push(next.eventId)
    for (const eventId of citing.get(next.eventId) ?? []) {
      const left = (missing.get(eventId) ?? 0) - 1
      missing.set(eventId, left)
      if (left === 0) release(eventId)
    }
  }
  return sorted
}
