import type { Pdu } from '../event/pdu.ts'

/**
 * The state an event is checked against: the state event of a type and state key, if there is one. It is always the
 * state of the event's own room; rule 2 relies on that.
 */
export type AuthState = (type: string, stateKey: string) => Pdu | undefined

/**
 * The state that a handful of state events make up, such as an event's auth events. Where several have the same type
 * and state key, the first counts.
 */
export function authStateOf(events: readonly Pdu[]): AuthState {
  return (type, stateKey) => events.find((event) => event.type === type && event.state_key === stateKey)
}
