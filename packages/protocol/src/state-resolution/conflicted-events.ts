import type { Pdu } from '../event/pdu.ts'
import type { EventId } from '../identifiers.ts'
import { batches, type EventReader } from './event-reader.ts'

/** What the two orderings need of an event in the full conflicted set. */
export interface ConflictedEvent {
  readonly eventId: EventId
  readonly isPowerEvent: boolean
  readonly originServerTs: number
  readonly authEventIds: readonly EventId[]
}

/** The events of the full conflicted set by ID, without those that are not known or no state events. */
export type ConflictedEvents = ReadonlyMap<EventId, ConflictedEvent>

/** Reads the events of the full conflicted set. Of each only what the orderings need stays in memory. */
export async function readConflictedEvents(
  eventIds: ReadonlySet<EventId>,
  reader: EventReader,
): Promise<ConflictedEvents> {
  const events = new Map<EventId, ConflictedEvent>()
  for (const batch of batches([...eventIds])) {
    for (const [eventId, event] of await reader.load(batch)) {
      const { pdu } = event
      if (pdu.state_key === undefined) continue
      events.set(eventId, {
        eventId,
        isPowerEvent: isPowerEvent(pdu),
        originServerTs: pdu.origin_server_ts,
        authEventIds: reader.authEventIds(event),
      })
    }
  }
  return events
}

/**
 * Whether a state event might take from somebody the power to do something. The spec does not count create events,
 * Synapse does; it makes a difference only in rooms with two of them, and then all servers should agree.
 * @spec rooms/v12/#definitions
 */
export function isPowerEvent({ type, state_key: stateKey, sender, content }: Pdu): boolean {
  switch (type) {
    case 'm.room.create':
    case 'm.room.power_levels':
    case 'm.room.join_rules':
      return stateKey === ''
    case 'm.room.member':
      return (content.membership === 'leave' || content.membership === 'ban') && sender !== stateKey
    default:
      return false
  }
}
