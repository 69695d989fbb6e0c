import type { EventId, Pdu, UserId } from '@magik/protocol'
import type { HeadRow } from '../../storage/room-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { UnreadPlan } from './unread-plan.ts'

/** A change of one user's membership in a room's current state. */
export interface MembershipChange {
  readonly userId: UserId
  readonly userNid: number
  readonly isLocal: boolean
  readonly before: string | undefined
  readonly after: string
}

/** A redaction that takes effect. */
export interface AppliedRedaction {
  readonly eventId: EventId
  /** The redacted event, when it is known here. */
  readonly eventNid: number | undefined
}

/** What became of a commit. */
export type AppendResult =
  | { readonly committed: true; readonly position: number }
  | { readonly committed: false; readonly guard: string }

/** An event that has passed all checks, with everything its commit has to write. */
export interface BuiltEvent {
  /** Without a position until it is committed. */
  readonly event: StoredEvent
  readonly pdu: Pdu
  /** The room's head after it. */
  readonly head: HeadRow
  /** New chunks of the room's state tree. */
  readonly chunks: readonly { readonly id: number; readonly bytes: Uint8Array }[]
  readonly membershipChange: MembershipChange | undefined
  readonly redaction: AppliedRedaction | undefined
  /** What it is to members' unread counts. */
  readonly unread: UnreadPlan
}
