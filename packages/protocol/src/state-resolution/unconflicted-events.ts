import type { StateKey } from '../auth-rules/auth-event-keys.ts'
import type { EventId } from '../identifiers.ts'
import type { ResolutionEvent } from './resolution-events.ts'
import type { StateConflict } from './state-conflict.ts'

/** Those of the events that are the entry on which all forks agree. */
export async function unconflictedAmong(
  eventIds: readonly EventId[],
  events: ReadonlyMap<EventId, ResolutionEvent>,
  conflict: StateConflict,
): Promise<Set<EventId>> {
  const asked: EventId[] = []
  const keys: StateKey[] = []
  for (const eventId of eventIds) {
    const pdu = events.get(eventId)?.pdu
    if (pdu?.state_key === undefined) continue
    asked.push(eventId)
    keys.push([pdu.type, pdu.state_key])
  }
  const entries = asked.length === 0 ? [] : await conflict.unconflicted(keys)
  return new Set(asked.filter((eventId, index) => entries[index] === eventId))
}
