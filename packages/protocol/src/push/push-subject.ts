import type { RoomEvent } from '../event/pdu.ts'
import type { RoomId, UserId } from '../identifiers.ts'
import type { JsonValue } from '../json/json-value.ts'
import { propertyAt } from './event-property.ts'
import { type FoldedText, foldText } from './glob.ts'

/** What push rules look at besides the event. */
export interface PushContext {
  /** Joined members of the room. */
  readonly joinedMembers: number
  /**
   * Whether the event's sender has the power to send a notification of a kind; in the state before the event.
   * @param key such as `room`.
   */
  readonly senderMayNotify: (key: string) => boolean
}

/** An event as push rules see it. What several rules ask of it is worked out once. */
export class PushSubject {
  readonly #event: RoomEvent
  readonly #context: PushContext
  #body: FoldedText | undefined | null = null
  readonly #permissions = new Map<string, boolean>()

  constructor(event: RoomEvent, context: PushContext) {
    this.#event = event
    this.#context = context
  }

  get roomId(): RoomId {
    return this.#event.roomId
  }

  get sender(): UserId {
    return this.#event.pdu.sender
  }

  get type(): string {
    return this.#event.pdu.type
  }

  get stateKey(): string | undefined {
    return this.#event.pdu.state_key
  }

  get joinedMembers(): number {
    return this.#context.joinedMembers
  }

  /** A property of the event; `event_id` and `room_id` are always there, and `user_id` is an old name of `sender`. */
  property(names: readonly string[]): JsonValue | undefined {
    if (names.length === 1) {
      if (names[0] === 'room_id') return this.#event.roomId
      if (names[0] === 'event_id') return this.#event.eventId
      if (names[0] === 'user_id') return this.#event.pdu.sender
    }
    return propertyAt(this.#event.pdu, names)
  }

  /** The text of `content.body`, if there is one. */
  get body(): FoldedText | undefined {
    if (this.#body === null) {
      const body = this.property(['content', 'body'])
      this.#body = typeof body === 'string' ? foldText(body) : undefined
    }
    return this.#body
  }

  /** Whether the sender may send a notification of a kind. */
  senderMayNotify(key: string): boolean {
    let may = this.#permissions.get(key)
    if (may === undefined) {
      may = this.#context.senderMayNotify(key)
      this.#permissions.set(key, may)
    }
    return may
  }
}
