import type { EventId, JsonObject, UserId } from '@magik/protocol'

/** What a local user wants to say in a room: everything of an event that does not depend on the room's head. */
export interface EventDraft {
  readonly type: string
  /** Present for a state event, even when empty. */
  readonly stateKey?: string
  readonly content: JsonObject
  readonly sender: UserId
  /** Identifies a repeated request; see `EventSender.send`. */
  readonly transaction?: { readonly deviceId: string; readonly id: string }
  /** The event this redaction is about. */
  readonly redacts?: EventId
  /** Milliseconds since the epoch; the server's clock by default. */
  readonly originServerTs?: number
}

/** A durable event, as its sender is told of it. */
export interface SentEvent {
  readonly eventId: EventId
  readonly eventNid: number
  /** Its stream position: what the sender's next sync must include. */
  readonly position: number
}
