import type { StateKey } from '../auth-rules/auth-event-keys.ts'
import type { EventId } from '../identifiers.ts'
import { compareCodePoints } from '../json/code-point-order.ts'
import { authDifference } from './auth-difference.ts'
import { conflictedSubgraph } from './conflicted-subgraph.ts'
import { type ConflictedEvents, readConflictedEvents } from './conflicted-events.ts'
import { batches, type EventReader } from './event-reader.ts'
import { applyAllowedEvents } from './iterative-auth-checks.ts'
import { Mainline } from './mainline.ts'
import { PartialState } from './partial-state.ts'
import { orderPowerEvents } from './power-ordering.ts'
import type { ResolvedEntry, StateConflict } from './state-conflict.ts'
import { StateKeyMap } from './state-key-map.ts'
import { UnconflictedAuthChain } from './unconflicted-auth-chain.ts'

/**
 * State resolution version 2, and version 2.1 as room version 12 has it.
 * @spec rooms/v12/#algorithm
 */
export async function resolveV2(conflict: StateConflict, reader: EventReader): Promise<ResolvedEntry[]> {
  const amended = reader.version.stateResolution === 'v2.1'
  const events = await readConflictedEvents(await fullConflictedSet(conflict, reader, amended), reader)
  // 1
  const { ordered, unordered } = await orderPowerEvents(events, reader)
  // 2
  const state = new PartialState(conflict, amended ? 'empty' : 'unconflicted')
  await applyAllowedEvents(ordered, state, reader)
  // 3
  await state.prepare([['m.room.power_levels', '']])
  const mainline = new Mainline(state.get('m.room.power_levels', ''), reader)
  const remaining = await orderByMainline(without(events, [...ordered, ...unordered]), events, mainline)
  // 4
  await applyAllowedEvents(remaining, state, reader)
  // 5
  return resolvedEntries(conflict, state)
}

async function fullConflictedSet(
  conflict: StateConflict,
  reader: EventReader,
  amended: boolean,
): Promise<Set<EventId>> {
  const conflicted = new Set<EventId>()
  for (const { events } of conflict.conflicted) {
    for (const eventId of events) if (eventId !== undefined) conflicted.add(eventId)
  }
  const agreed = new UnconflictedAuthChain(conflict, reader)
  const difference = await authDifference(conflict, reader, agreed)
  const subgraph = amended ? await conflictedSubgraph(conflicted, reader) : new Set<EventId>()
  return conflicted.union(difference).union(subgraph)
}

function without(events: ConflictedEvents, eventIds: readonly EventId[]): EventId[] {
  const taken = new Set(eventIds)
  return [...events.keys()].filter((eventId) => !taken.has(eventId))
}

async function orderByMainline(
  eventIds: readonly EventId[],
  events: ConflictedEvents,
  mainline: Mainline,
): Promise<EventId[]> {
  const positions = await mainline.positionsOf(eventIds)
  const position = (eventId: EventId) => positions.get(eventId) ?? Infinity
  const time = (eventId: EventId) => events.get(eventId)?.originServerTs ?? 0
  return eventIds.toSorted((a, b) => {
    // Not subtracted: two infinite positions are equal.
    if (position(a) !== position(b)) return position(a) > position(b) ? -1 : 1
    return time(a) - time(b) || compareCodePoints(a, b)
  })
}

/**
 * The entries of the conflicted keys, and of keys that no fork had: events of the auth difference and of the subgraph
 * are applied as well. Entries on which all forks agree stay as they are (step 5).
 */
async function resolvedEntries(conflict: StateConflict, state: PartialState): Promise<ResolvedEntry[]> {
  const entries = new StateKeyMap<EventId | undefined>()
  for (const { key } of conflict.conflicted) entries.set(...key, undefined)
  const doubtful: (readonly [StateKey, EventId])[] = []
  for (const [key, eventId] of state.applied) {
    if (entries.has(...key)) entries.set(...key, eventId)
    else doubtful.push([key, eventId])
  }
  for (const batch of batches(doubtful)) {
    const agreed = await conflict.unconflicted(batch.map(([key]) => key))
    for (const [index, [key, eventId]] of batch.entries()) if (agreed[index] === undefined) entries.set(...key, eventId)
  }
  return [...entries].map(([key, eventId]) => ({ key, eventId }))
}
