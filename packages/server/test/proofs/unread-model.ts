import {
  parseEventId,
  parseRoomId,
  type JsonObject,
  type PushRuleset,
  type RoomEvent,
  parseUserId,
} from '@magik/protocol'
import { naiveActions, naiveOutcome } from '../../../protocol/test/naive-push.ts'

/** What one event was to one user when it was sent. */
interface Notification {
  readonly eventId: string
  readonly index: number
  readonly thread: string
  readonly notify: boolean
  readonly highlight: boolean
}

/** A member when an event is sent. */
export interface ModelMember {
  readonly userId: string
  readonly displayName: string | undefined
  readonly rules: PushRuleset
}

/** An event as the test sent it. */
export interface ModelEvent {
  readonly eventId: string
  readonly roomId: string
  readonly sender: string
  readonly type: string
  readonly stateKey?: string
  readonly content: JsonObject
}

/** Counts by main timeline and thread, as `/sync` spells them. */
export type ModelCounts = Record<string, { notification_count: number; highlight_count: number }>

/**
 * Unread counts by the specification's sentences: every event is held against every member's rules when it is sent,
 * and counting is walking through all of them.
 */
export class UnreadModel {
  readonly #notifications = new Map<string, Notification[]>()
  readonly #read = new Map<string, Map<string, number>>()
  readonly #redacted = new Set<string>()
  readonly #relations = new Map<string, { type: string; eventId: string }>()
  readonly #index = new Map<string, number>()

  /** An event was sent while these were in the room. */
  sent(event: ModelEvent, members: readonly ModelMember[], joinedMembers: number, mayNotifyRoom: boolean): void {
    const index = this.#index.size
    this.#index.set(event.eventId, index)
    const relation: unknown = event.content['m.relates_to']
    if (isRelation(relation)) {
      this.#relations.set(event.eventId, { type: relation.rel_type, eventId: relation.event_id })
    }
    const thread = this.threadOf(event.eventId)
    const context = { joinedMembers, senderMayNotify: (key: string) => key === 'room' && mayNotifyRoom }
    for (const { userId, displayName, rules } of members) {
      const actions = naiveActions(rules, asRoomEvent(event), context, { userId, displayName })
      const list = this.#notifications.get(keyOf(userId, event.roomId)) ?? []
      list.push({ eventId: event.eventId, index, thread, ...naiveOutcome(actions) })
      this.#notifications.set(keyOf(userId, event.roomId), list)
    }
    if (members.some(({ userId }) => userId === event.sender))
      this.read(event.sender, event.roomId, event.eventId, thread)
  }

  /** A user has come to know a room: what was before is history. */
  joined(userId: string, roomId: string): void {
    this.#notifications.delete(keyOf(userId, roomId))
  }

  /** A receipt; without a thread for all of them. */
  read(userId: string, roomId: string, eventId: string, thread = ''): void {
    const read = this.#read.get(keyOf(userId, roomId)) ?? new Map<string, number>()
    this.#read.set(keyOf(userId, roomId), read)
    read.set(thread, Math.max(read.get(thread) ?? -1, this.#index.get(eventId)!))
  }

  redacted(eventId: string): void {
    this.#redacted.add(eventId)
  }

  /** `main`, or the root of the event's thread. */
  threadOf(eventId: string): string {
    let relation = this.#relations.get(eventId)
    for (let hop = 0; relation !== undefined && hop <= 3; hop += 1) {
      if (relation.type === 'm.thread') return relation.eventId
      relation = this.#relations.get(relation.eventId)
    }
    return 'main'
  }

  /** What is unread to a user. */
  counts(userId: string, roomId: string): ModelCounts {
    const read = this.#read.get(keyOf(userId, roomId))
    const counts: ModelCounts = { main: { notification_count: 0, highlight_count: 0 } }
    for (const { eventId, index, thread, notify, highlight } of this.#notifications.get(keyOf(userId, roomId)) ?? []) {
      if (!notify || this.#redacted.has(eventId)) continue
      if (index <= Math.max(read?.get('') ?? -1, read?.get(thread) ?? -1)) continue
      counts[thread] ??= { notification_count: 0, highlight_count: 0 }
      counts[thread].notification_count += 1
      if (highlight) counts[thread].highlight_count += 1
    }
    return counts
  }
}

function asRoomEvent({ eventId, roomId, sender, type, stateKey, content }: ModelEvent): RoomEvent {
  const pdu = {
    type,
    sender: parseUserId(sender),
    content,
    ...(stateKey !== undefined && { state_key: stateKey }),
    prev_events: [],
    auth_events: [],
    depth: 1,
    origin_server_ts: 1,
    hashes: { sha256: '' },
    signatures: {},
  }
  return { eventId: parseEventId(eventId), roomId: parseRoomId(roomId), pdu }
}

function isRelation(value: unknown): value is { rel_type: string; event_id: string } {
  return typeof value === 'object' && value !== null && 'rel_type' in value
}

function keyOf(userId: string, roomId: string): string {
  return `${userId} ${roomId}`
}
