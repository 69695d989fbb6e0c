import { authEventKeys, type StateKey } from '../auth-rules/auth-event-keys.ts'
import type { AuthState } from '../auth-rules/auth-state.ts'
import { checkAuthRules } from '../auth-rules/check-auth-rules.ts'
import type { EventId } from '../identifiers.ts'
import { batches, type EventReader } from './event-reader.ts'
import type { PartialState } from './partial-state.ts'
import type { ResolutionEvent } from './resolution-events.ts'

const CREATE: StateKey = ['m.room.create', '']

/**
 * Applies to a state, one after the other, those of the events that the authorisation rules allow in it. What a rule
 * asks for and the state does not have is taken from the event's own auth events.
 *
 * Events that are not known are passed over, and so are those that their own auth events did not allow: the spec has
 * them in no state to begin with.
 * @spec rooms/v12/#definitions
 */
export async function applyAllowedEvents(
  eventIds: readonly EventId[],
  state: PartialState,
  reader: EventReader,
): Promise<void> {
  for (const batch of batches(eventIds)) {
    const events = await reader.load(batch)
    const authEvents = await reader.load([...events.values()].flatMap((event) => reader.authEventIds(event)))
    const stateKeys = [...events.values()].flatMap(({ pdu }) => [CREATE, ...authEventKeys(pdu, reader.version)])
    const stateEvents = await reader.load(await state.prepare(stateKeys))
    const known = (eventId: EventId) => events.get(eventId) ?? stateEvents.get(eventId)
    for (const eventId of batch) {
      const event = events.get(eventId)
      const stateKey = event?.pdu.state_key
      if (event === undefined || stateKey === undefined || event.rejectedBy === 'auth-events') continue
      const cited = reader.authEventIds(event).flatMap((authEventId) => authEvents.get(authEventId) ?? [])
      const { allowed } = checkAuthRules(event, authStateFor(cited, state, known), reader.version)
      if (allowed) state.set(event.pdu.type, stateKey, eventId)
    }
  }
}

function authStateFor(
  cited: readonly ResolutionEvent[],
  state: PartialState,
  known: (eventId: EventId) => ResolutionEvent | undefined,
): AuthState {
  return (type, stateKey) => {
    const eventId = state.get(type, stateKey)
    const event = eventId === undefined ? undefined : known(eventId)
    if (event !== undefined && event.rejectedBy !== 'auth-events') return event.pdu
    return cited.find(
      ({ pdu, rejectedBy }) => rejectedBy === undefined && pdu.type === type && pdu.state_key === stateKey,
    )?.pdu
  }
}
