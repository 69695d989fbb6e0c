import type { BoundWrite } from '../../platform/database/database.ts'
import type { MatchCounts } from '../../storage/unread-store.ts'
import type { BuiltEvent } from './built-event.ts'
import type { RoomHead } from './room-heads.ts'

/** What an event is to one member, where that is something else than the server's push rules alone say. */
export interface UnreadDeviation {
  readonly userNid: number
  readonly notify: boolean
  readonly highlight: boolean
}

/** What an event is to its room's unread counts. */
export interface UnreadPlan {
  /** Event ID of the root of the event's thread, or `main`. */
  readonly thread: string
  /** Which of the server's push rules match the event, as bits. */
  readonly matched: number
  /** How many events of the thread match which of them, this one included. */
  readonly counts: MatchCounts
  readonly deviations: readonly UnreadDeviation[]
  /** Whoever has read the thread by sending this: all threads when it is their joining. */
  readonly read: { readonly userNid: number; readonly thread: string } | undefined
  /** Number of an event that no longer counts. */
  readonly retracts: number | undefined
}

/** What counting an event in looks at. */
export type CountedEvent = Pick<BuiltEvent, 'event' | 'pdu' | 'membershipChanges' | 'redaction'>

/**
 * Counts events in for their room's members. The write path hands every timeline event to it and adds to the event's
 * commit what it says: counts and events cannot part.
 */
export interface UnreadAccounting {
  /**
   * Works out what an event is to unread counts, inside the room's queue, on the state that `head.pending` is before
   * it. Changes nothing.
   */
  plan(head: RoomHead, event: CountedEvent): Promise<UnreadPlan>
  /** The room's next event will be counted upon this one. */
  stage(head: RoomHead, event: BuiltEvent): void
  /** The rows of a commit's events: the i-th is at `position(i)`. */
  writes(roomNid: number, events: readonly BuiltEvent[]): BoundWrite[]
}
