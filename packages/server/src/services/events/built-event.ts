import type { EventId, Pdu, UserId } from '@magik/protocol'
import type { BackwardExtremity, StateResetRow } from '../../storage/room-graph-store.ts'
import type { HeadRow } from '../../storage/room-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { UnreadPlan } from './unread-plan.ts'

/** A change of one user's membership in a room's current state. */
export interface MembershipChange {
  readonly userId: UserId
  readonly userNid: number
  readonly isLocal: boolean
  readonly before: string | undefined
  /** `leave` also where the state has no word of the user any more. */
  readonly after: string
  /** Number of the membership event in force; of the one that was, where there is none any more. */
  readonly eventNid: number
}

/** What a redaction is about, and whether it takes effect. */
export interface PlannedRedaction {
  readonly eventId: EventId
  /** The redacted event, when it is known here and the redaction takes effect on it. */
  readonly eventNid: number | undefined
}

/** What became of a commit. */
export type AppendResult =
  | { readonly committed: true; readonly position: number }
  | { readonly committed: false; readonly guard: string }

/** What is known of a timeline event once it is durable, besides its row. */
export interface TimelineDetails {
  readonly pdu: Pdu
  /** Root of the room's current state from this event on. */
  readonly currentRoot: number
  /** How the room's current state changes who is in it; several at once where forks are resolved. */
  readonly membershipChanges: readonly MembershipChange[]
  readonly redaction: PlannedRedaction | undefined
  /** What it is to members' unread counts; undefined for an event outside the timeline, or of another process. */
  readonly unread: UnreadPlan | undefined
  /** Written by another process of this server. */
  readonly isForeign?: boolean
}

/** What an event changes in its room's graph besides the forward extremities. */
export interface GraphChanges {
  /** The event was a backward extremity. */
  readonly wasMissing: boolean
  /** Its `prev_events` that are not known here. */
  readonly missing: readonly BackwardExtremity[]
  /** What resolution took back of the room's current state. */
  readonly stateResets: readonly StateResetRow[]
}

/** An event that has passed all checks, with everything its commit has to write. */
export interface BuiltEvent extends TimelineDetails {
  /** Without a position until it is committed. */
  readonly event: StoredEvent
  /** The room's head after it. */
  readonly head: HeadRow
  /** New chunks of the room's state tree. */
  readonly chunks: readonly { readonly id: number; readonly bytes: Uint8Array }[]
  /** Whether the event alone is what changed the room's current state, if anything did. */
  readonly isLinear: boolean
  /** Whether the event is known already, as an outlier. */
  readonly wasOutlier: boolean
  readonly graph: GraphChanges
}

/** What an event that builds on the room's head alone changes in its graph: nothing else. */
export const NO_GRAPH_CHANGES: GraphChanges = { wasMissing: false, missing: [], stateResets: [] }
