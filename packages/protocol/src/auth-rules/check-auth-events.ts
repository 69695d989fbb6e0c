import type { RoomEvent } from '../event/pdu.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { EventToAuthorise } from './auth-check.ts'
import { authEventKeys } from './auth-event-keys.ts'
import { ALLOWED, refuse, type Verdict } from './verdict.ts'

/** One of an event's `auth_events`, with what became of it when it was received. */
export interface ClaimedAuthEvent extends RoomEvent {
  readonly rejected: boolean
}

/**
 * The rules on the auth events that an event claims. They hold whatever the state is, so they are checked once, on
 * receipt; `checkAuthRules` then runs on the state these events make up.
 * @param authEvents all of the event's `auth_events`; to miss one is the caller's affair.
 * @spec rooms/v12/#authorisation-rules
 */
export function checkAuthEvents(
  event: EventToAuthorise,
  authEvents: readonly ClaimedAuthEvent[],
  version: RoomVersion,
): Verdict {
  // Rule 1 is all that a create event is asked.
  if (event.pdu.type === 'm.room.create') return ALLOWED
  const expected = authEventKeys(event.pdu, version)
  const seen = new Set<number>()
  for (const authEvent of authEvents) {
    const { type, state_key: stateKey } = authEvent.pdu
    const index = expected.findIndex((key) => key[0] === type && key[1] === stateKey)
    // 3.1 (v11: 2.1); duplicates that would be of no use even once fall to 3.2
    if (seen.has(index)) return refuse('3.1', 'Two auth events have the same type and state key')
    // 3.2 (v11: 2.2)
    if (index < 0) return refuse('3.2', 'An auth event is of no use to this event')
    seen.add(index)
    // 3.3 (v11: 2.3)
    if (authEvent.rejected) return refuse('3.3', 'An auth event was itself rejected')
    // 3.4 (v11: 2.5)
    if (authEvent.roomId !== event.roomId) return refuse('3.4', 'An auth event belongs to another room')
  }
  // v11: 2.4
  if (version.createEventIn === 'auth-events' && !authEvents.some(({ pdu }) => pdu.type === 'm.room.create')) {
    return refuse('v11/2.4', 'The create event is not among the auth events')
  }
  return ALLOWED
}
