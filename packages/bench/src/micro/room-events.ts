import {
  authEventKeys,
  contentHash,
  DEFAULT_ROOM_VERSION,
  type EventId,
  eventIdOf,
  type JsonObject,
  type Pdu,
  type PduDraft,
  parseRoomId,
  parseUserId,
  type ResolutionEvent,
  type RoomId,
  roomIdOfEvent,
  type RoomVersion,
  type UserId,
} from '@magik/protocol'

/** The state after an event, by `stateKeyText`. */
export type StateMap = ReadonlyMap<string, EventId>

/** A type and state key as one text. */
export function stateKeyText(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey])
}

/** What an event is made of; the rest follows from the state it is sent in. */
export interface EventParts {
  readonly type: string
  readonly sender: UserId
  readonly stateKey?: string
  readonly content: JsonObject
}

export const creator = parseUserId('@creator:a.example')

/** The member of a number. Their servers are many. */
export function member(number: number): UserId {
  return parseUserId(`@user${number}:s${number % 97}.example`)
}

/** Members who may change the topic and ban. */
export const MODERATORS = 5

/** Events of one public room. They carry hashes, but no signatures: nothing here verifies any. */
export class RoomEvents {
  readonly version: RoomVersion = DEFAULT_ROOM_VERSION
  readonly #events = new Map<EventId, ResolutionEvent>()
  #last: EventId | undefined
  #roomId: RoomId = parseRoomId('!unnamed:a.example')

  get roomId(): RoomId {
    return this.#roomId
  }

  get all(): ReadonlyMap<EventId, ResolutionEvent> {
    return this.#events
  }

  /** Makes the room, with so many entries in its state; all members but the creator join by themselves. */
  found(entries: number): Map<string, EventId> {
    const state = new Map<string, EventId>()
    const send = (type: string, content: JsonObject, sender = creator, stateKey = '') =>
      this.send(state, { type, sender, stateKey, content })
    send('m.room.create', { room_version: this.version.id })
    send('m.room.member', { membership: 'join' }, creator, creator)
    const users = Object.fromEntries(Array.from({ length: MODERATORS }, (_, number) => [member(number), 50]))
    send('m.room.power_levels', { users })
    send('m.room.join_rules', { join_rule: 'public' })
    send('m.room.history_visibility', { history_visibility: 'shared' })
    send('m.room.topic', { topic: 'At first' })
    for (let number = 0; state.size < entries; number++) {
      const userId = member(number)
      send('m.room.member', { membership: 'join', displayname: `User ${number}` }, userId, userId)
    }
    return state
  }

  /** Sends an event whatever the authorisation rules say; a state event enters the state. */
  send(state: Map<string, EventId>, parts: EventParts): ResolutionEvent {
    const event = this.build(state, parts)
    if (event.pdu.type === 'm.room.create') this.#roomId = event.roomId
    this.#last = event.eventId
    this.#events.set(event.eventId, event)
    if (parts.stateKey !== undefined) state.set(stateKeyText(parts.type, parts.stateKey), event.eventId)
    return event
  }

  build(state: StateMap, { type, sender, stateKey, content }: EventParts): ResolutionEvent {
    const { version } = this
    const draft: PduDraft = {
      type,
      sender,
      content,
      ...(type === 'm.room.create' ? {} : { room_id: this.#roomId }),
      ...(stateKey === undefined ? {} : { state_key: stateKey }),
      prev_events: this.#last === undefined ? [] : [this.#last],
      auth_events: [],
      depth: this.#events.size + 1,
      origin_server_ts: 1_700_000_000_000 + this.#events.size,
    }
    draft.auth_events = authEventKeys(draft, version).flatMap((key) => state.get(stateKeyText(...key)) ?? [])
    const pdu: Pdu = { ...draft, hashes: { sha256: contentHash(draft, version) }, signatures: {} }
    const eventId = eventIdOf(pdu, version)
    return { eventId, roomId: roomIdOfEvent(pdu, version, eventId), pdu, rejectedBy: undefined }
  }
}
