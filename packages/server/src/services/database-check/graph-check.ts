import { type EventId, parseEventId, parseJsonText, parsePdu, prevEventIds, type RoomVersion } from '@magik/protocol'
import type { RawRoom } from '../../storage/check-store.ts'
import { eventStatus, type StoredEvent } from '../../storage/stored-event.ts'
import type { Checking } from './checking.ts'
import { aboutRoom } from './findings.ts'

/** IDs looked up at once. */
const IDS_AT_ONCE = 100

/** An event that accepted events name as their parent, and that has not been met. */
interface Named {
  /** The least depth of those that name it. */
  depth: number
}

/**
 * Recomputes a room's forward and backward extremities from the parents that its accepted events name. Events are met
 * from the deepest on, so that what has to be remembered is about as wide as the graph, not as long.
 */
export async function checkGraph(deps: Checking, room: RawRoom, version: RoomVersion): Promise<void> {
  const named = new Map<EventId, Named>()
  const unnamed = new Set<EventId>()
  let [depth, eventNid] = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]
  for (;;) {
    const page = await deps.checkStore.acceptedBefore(room.room_nid, depth, eventNid)
    const last = page.at(-1)
    if (last === undefined) break
    depth = last.depth
    eventNid = last.event_nid
    for (const event of page) {
      const eventId = parseEventId(event.event_id)
      if (!named.delete(eventId)) unnamed.add(eventId)
      for (const prevId of parentsOf(event.json, version)) {
        if (unnamed.delete(prevId)) continue
        const known = named.get(prevId)
        if (known === undefined) named.set(prevId, { depth: event.depth })
        else known.depth = Math.min(known.depth, event.depth)
      }
    }
  }
  const placed = await placedAmong(deps, room, [...named.keys()])
  await checkForward(deps, room, unnamed, await namedByRefused(deps, placed, version))
  await checkBackward(deps, room, named, placed)
}

function parentsOf(json: string, version: RoomVersion): readonly EventId[] {
  try {
    return prevEventIds(parsePdu(parseJsonText(json), version))
  } catch {
    // The event has its own finding.
    return []
  }
}

/** Those of the events that have a place in the room's graph; of accepted ones, those named again after they were met. */
async function placedAmong(
  { events }: Checking,
  { room_nid: roomNid }: RawRoom,
  eventIds: readonly EventId[],
): Promise<Map<EventId, StoredEvent>> {
  const placed = new Map<EventId, StoredEvent>()
  for (let start = 0; start < eventIds.length; start += IDS_AT_ONCE) {
    const found = await events.findManyForWriting(eventIds.slice(start, start + IDS_AT_ONCE))
    for (const event of found.values()) {
      if (event.roomNid === roomNid && event.stateAfter !== undefined) placed.set(event.eventId, event)
    }
  }
  return placed
}

/**
 * Events below refused ones that accepted events build on. If the refused one was there first these are no extremities,
 * if it came later they are.
 */
async function namedByRefused(
  { events }: Checking,
  placed: ReadonlyMap<EventId, StoredEvent>,
  version: RoomVersion,
): Promise<Set<string>> {
  const below = new Set<string>()
  let refused = [...placed.values()].filter(({ status }) => status !== eventStatus.accepted)
  while (refused.length > 0) {
    const parents = refused.flatMap(({ json }) => parentsOf(json, version)).filter((eventId) => !below.has(eventId))
    for (const parent of parents) below.add(parent)
    const found = await events.findManyForWriting(parents)
    refused = [...found.values()].filter(
      ({ status, stateAfter }) => stateAfter !== undefined && status !== eventStatus.accepted,
    )
  }
  return below
}

async function checkForward(
  { findings }: Checking,
  room: RawRoom,
  unnamed: ReadonlySet<string>,
  doubtful: ReadonlySet<string>,
): Promise<void> {
  const about = aboutRoom(room)
  const stored = new Set(room.forward_extremities === null ? [] : extremityIds(room.forward_extremities))
  for (const eventId of stored) {
    if (!unnamed.has(eventId))
      await findings.add({ about, what: `${eventId} is no forward extremity, and is said to be one` })
  }
  for (const eventId of unnamed) {
    if (stored.has(eventId) || doubtful.has(eventId)) continue
    await findings.add({ about, what: `${eventId} is a forward extremity, and is not said to be one` })
  }
}

function extremityIds(text: string): string[] {
  try {
    const pairs: unknown = JSON.parse(text)
    return Array.isArray(pairs) ? pairs.map((pair: unknown) => String(Array.isArray(pair) ? pair[1] : pair)) : []
  } catch {
    return []
  }
}

async function checkBackward(
  { findings, checkStore, roomGraphStore }: Checking,
  room: RawRoom,
  named: ReadonlyMap<EventId, Named>,
  placed: ReadonlyMap<string, StoredEvent>,
): Promise<void> {
  const about = aboutRoom(room)
  const { room_nid: roomNid } = room
  const stored = new Set<string>((await checkStore.backwardExtremities(roomNid)).map((row) => row.event_id))
  for (const [eventId, { depth }] of named) {
    if (stored.has(eventId) || placed.has(eventId)) continue
    const repair = [roomGraphStore.insertBackwardExtremity(roomNid, { eventId, depth: Math.max(0, depth - 1) })]
    await findings.add({ about, what: `${eventId} is a backward extremity, and is not said to be one`, repair })
  }
  const namedIds: ReadonlySet<string> = new Set(named.keys())
  for (const eventId of stored) {
    // One that was refused when it came is not taken off the list.
    const isRefused = placed.has(eventId) && placed.get(eventId)?.status !== eventStatus.accepted
    if (isRefused || (namedIds.has(eventId) && !placed.has(eventId))) continue
    const repair = [roomGraphStore.deleteBackwardExtremity(roomNid, eventId)]
    await findings.add({ about, what: `${eventId} is no backward extremity, and is said to be one`, repair })
  }
}
