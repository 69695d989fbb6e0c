import type { MatchCounts } from '../../storage/unread-store.ts'

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
  /** It has been redacted before it came: it is counted, so that counters stay whole, and taken back. */
  readonly isRetracted: boolean
  /** Number of an event that no longer counts. */
  readonly retracts: number | undefined
}
