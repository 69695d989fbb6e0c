import { type EventId, isEventId, isJsonObject, type JsonObject, parseJsonText } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { EventReader } from '../events/event-reader.ts'

/** Stands for the events of a room that are in no thread. */
export const MAIN_THREAD = 'main'

/** How many relations are followed, at most, to find an event's thread. */
const MAX_HOPS = 3

/** Events whose thread is remembered. */
const CACHED_THREADS = 20_000

/**
 * Finds the thread that an event is in: by a relation of its own, or of the event that it relates to.
 * @spec client-server-api/#threaded-read-receipts
 */
export class EventThreads {
  readonly #events: EventReader
  readonly #threads = new LRUCache<EventId, string>({ max: CACHED_THREADS })

  constructor(events: EventReader) {
    this.#events = events
  }

  /**
   * The thread of an event that is being made.
   * @returns the event ID of the thread's root, or `MAIN_THREAD`.
   */
  async ofNew(roomNid: number, eventId: EventId, content: JsonObject): Promise<string> {
    const relation = relationIn(content)
    // Most events relate to nothing.
    return relation === undefined ? MAIN_THREAD : this.#follow(roomNid, eventId, relation)
  }

  /** The thread of an event, the one it was sent to even if it has been redacted. */
  of(event: StoredEvent): Promise<string> {
    return this.ofNew(event.roomNid, event.eventId, this.#content(event))
  }

  /**
   * Whether a receipt on an event may name a thread: that of the event, or the one it is the root of, or relates to
   * the root of.
   */
  async mayRead(event: StoredEvent, thread: string): Promise<boolean> {
    if ((await this.of(event)) === thread) return true
    if (thread === MAIN_THREAD) return false
    let eventId = event.eventId
    let relation = relationIn(this.#content(event))
    for (let hop = 0; hop <= MAX_HOPS; hop += 1) {
      if (eventId === thread) return true
      if (relation === undefined) return false
      eventId = relation.eventId
      relation = await this.#relationOf(event.roomNid, eventId)
    }
    return false
  }

  async #follow(roomNid: number, eventId: EventId, first: Relation): Promise<string> {
    const known = this.#threads.get(eventId)
    if (known !== undefined) return known
    let thread = MAIN_THREAD
    let relation: Relation | undefined = first
    for (let hop = 0; relation !== undefined && hop <= MAX_HOPS; hop += 1) {
      if (relation.type === 'm.thread') {
        thread = relation.eventId
        break
      }
      relation = await this.#relationOf(roomNid, relation.eventId)
    }
    this.#threads.set(eventId, thread)
    return thread
  }

  async #relationOf(roomNid: number, eventId: EventId): Promise<Relation | undefined> {
    const event = await this.#events.findForWriting(eventId)
    return event?.roomNid === roomNid ? relationIn(this.#content(event)) : undefined
  }

  #content(event: StoredEvent): JsonObject {
    if (event.redactedBy === undefined) return this.#events.pdu(event).content
    const pdu = parseJsonText(event.json)
    const content = isJsonObject(pdu) ? pdu['content'] : undefined
    return isJsonObject(content) ? content : {}
  }
}

interface Relation {
  readonly type: string
  readonly eventId: EventId
}

/** The event that an event relates to. @spec client-server-api/#forming-relationships-between-events */
function relationIn(content: JsonObject): Relation | undefined {
  const relation = content['m.relates_to']
  if (!isJsonObject(relation)) return undefined
  const { rel_type: type, event_id: eventId } = relation
  return typeof type === 'string' && typeof eventId === 'string' && isEventId(eventId) ? { type, eventId } : undefined
}
