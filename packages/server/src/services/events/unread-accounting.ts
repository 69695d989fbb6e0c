import type { BoundWrite } from '../../platform/database/database.ts'
import type { BuiltEvent } from './built-event.ts'
import type { RoomHead } from './room-heads.ts'
import type { UnreadPlan } from './unread-plan.ts'

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
