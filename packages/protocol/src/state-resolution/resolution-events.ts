import type { RoomEvent } from '../event/pdu.ts'
import type { EventId } from '../identifiers.ts'

/** An event as state resolution sees it. */
export interface ResolutionEvent extends RoomEvent {
  /**
   * What the event failed on receipt: its own auth events, or only the state before it. The former never enters a
   * state; the latter is judged like any other event. Neither gives permission to another event that cites it.
   * @spec rooms/v12/#rejected-events
   */
  readonly rejectedBy: 'auth-events' | 'state' | undefined
  /**
   * Any number that is greater than that of each of the event's auth events, such as one more than the greatest of
   * theirs; the create event counts as one of them also where it goes without saying. It is optional, and only spares
   * work: a search for events below does not go on beneath them.
   */
  readonly authDepth?: number | undefined
}

/** What resolution asks about the events of a room. Every call is one batch of at most `MAX_BATCH` IDs. */
export interface ResolutionEvents {
  /** The events; those unknown are missing from the answer. */
  load(eventIds: readonly EventId[]): Promise<ReadonlyMap<EventId, ResolutionEvent>>
  /**
   * The edges of auth chains walked backwards: for each event the state events that name it among their auth events,
   * outliers and rejected ones included. Left out may only be those that are neither in one of the forks' states nor in
   * the auth chain of an event there: no path that counts leads through them. Those sent last should come first, as from
   * there the way to the current state is short.
   * @param limit most events for each of the IDs. So many count as "perhaps more", fewer as "all".
   */
  citing?(eventIds: readonly EventId[], limit: number): Promise<ReadonlyMap<EventId, readonly EventId[]>>
}

/** Most IDs that `ResolutionEvents` is asked for at once. */
export const MAX_BATCH = 500

/** Thrown when a resolution would look at more events than it may. The states stay unresolved. */
export class ResolutionLimitError extends Error {
  /** The number of events that were not to be exceeded. */
  readonly limit: number
  constructor(limit: number) {
    super(`State resolution would look at more than ${limit} events`)
    this.limit = limit
  }
}
