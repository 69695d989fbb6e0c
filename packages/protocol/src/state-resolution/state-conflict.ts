import type { StateKey } from '../auth-rules/auth-event-keys.ts'
import type { EventId } from '../identifiers.ts'
import { StateKeyMap } from './state-key-map.ts'

/** A type and state key on which forks differ. */
export interface ConflictedKey {
  readonly key: StateKey
  /** The event of each fork, in the order of the forks; `undefined` where a fork has none. */
  readonly events: readonly (EventId | undefined)[]
}

/**
 * The states to be resolved, one per fork, as the keys on which they differ and questions about all the others. What
 * is not asked for is not looked up, so a resolution costs what the forks differ in.
 */
export interface StateConflict {
  /**
   * Every key on which the forks do not all have the same event, once, in any order. All lists of events have the same
   * length, the number of forks.
   */
  readonly conflicted: readonly ConflictedKey[]
  /** The event on which all forks agree, for each key; `undefined` where no fork has one, or where they differ. */
  unconflicted(keys: readonly StateKey[]): Promise<readonly (EventId | undefined)[]>
  /**
   * All events on which the forks agree, in batches. It is asked for only if `ResolutionEvents.citing` is missing or
   * is of no help, and at most once.
   */
  unconflictedEvents(): AsyncIterable<readonly EventId[]>
}

/** An entry of the resolved state. */
export interface ResolvedEntry {
  readonly key: StateKey
  /** `undefined` if the resolved state has no such entry. */
  readonly eventId: EventId | undefined
}

/** The conflict between states that are at hand as a whole. Its cost grows with the size of the states. */
export function conflictOfStates(states: readonly Iterable<readonly [StateKey, EventId]>[]): StateConflict {
  const forks = new StateKeyMap<(EventId | undefined)[]>()
  for (const [fork, state] of states.entries()) {
    for (const [[type, stateKey], eventId] of state) {
      const events = forks.get(type, stateKey) ?? new Array<EventId | undefined>(states.length).fill(undefined)
      events[fork] = eventId
      forks.set(type, stateKey, events)
    }
  }
  const conflicted: ConflictedKey[] = []
  const unconflicted = new StateKeyMap<EventId>()
  const agreed: EventId[] = []
  for (const [key, events] of forks) {
    const [first] = events
    if (first === undefined || events.some((eventId) => eventId !== first)) {
      conflicted.push({ key, events })
    } else {
      unconflicted.set(...key, first)
      agreed.push(first)
    }
  }
  return {
    conflicted,
    unconflicted: async (keys) => keys.map((key) => unconflicted.get(...key)),
    async *unconflictedEvents() {
      if (agreed.length > 0) yield agreed
    },
  }
}
