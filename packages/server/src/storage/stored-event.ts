import type { EventId, RoomId, RoomVersion, UserId } from '@magik/protocol'

/** What became of an event when it was received. Stored: numbers are never reused. */
export const eventStatus = {
  accepted: 0,
  /** Allowed by its own history but not by the room's current state: kept, not shown, not built upon. */
  softFailed: 1,
  /** Not allowed by the auth events that it claims: no state ever holds it. */
  rejected: 2,
  /** Known only as part of another event's auth chain or state: its own place in the graph is unknown. */
  outlier: 3,
  /** Allowed by its auth events, but not by the state before it. */
  rejectedByState: 4,
} as const

/** One of the numbers of `eventStatus`. */
export type EventStatus = (typeof eventStatus)[keyof typeof eventStatus]

/** Whether an event of that status gives no permission to others, and those that build on it find the state before it. */
export function isRejected(status: EventStatus): boolean {
  return status === eventStatus.rejected || status === eventStatus.rejectedByState
}

/** An event as the database holds it, immutable; `json` is the PDU. */
export interface StoredEvent {
  readonly eventNid: number
  readonly eventId: EventId
  readonly roomNid: number
  readonly roomId: RoomId
  readonly roomVersion: RoomVersion
  readonly type: string
  readonly stateKey: string | undefined
  readonly sender: UserId
  readonly senderNid: number
  readonly originServerTs: number
  /** Stream position; undefined outside the timeline and until the commit has assigned it. */
  readonly position: number | undefined
  /** Local depth: with `eventNid` it orders `/messages`. */
  readonly depth: number
  readonly status: EventStatus
  /** Roots of the room's state tree; undefined for outliers. */
  readonly stateBefore: number | undefined
  readonly stateAfter: number | undefined
  /** Number of the redaction that applies to this event. */
  readonly redactedBy: number | undefined
  /** The device and transaction ID with which a local client sent it. */
  readonly transaction: { readonly deviceId: string; readonly id: string } | undefined
  readonly json: string
}
