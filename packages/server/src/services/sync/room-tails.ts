import { LRUCache } from 'lru-cache'
import type { EventStore } from '../../storage/event-store.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { ChangeLog } from '../log/change-log.ts'

/** Rooms whose newest events are kept at hand. */
const CACHED_TAILS = 5_000

/** Newest events kept of each; trimmed to this when they are twice as many. */
const TAIL_LENGTH = 60

/** The newest timeline events of one room. */
interface RoomTail {
  /** Oldest first. */
  events: StoredEvent[]
  /** All events after this position are in `events`. */
  completeAfter: number
}

/** What a span of a room's timeline holds. */
export interface TimelineSpan {
  /** Oldest first. */
  readonly events: readonly StoredEvent[]
  /** Whether the span holds older events that were left out. */
  readonly hasMore: boolean
}

/** Keeps the newest timeline events of rooms in use, so that an incremental sync touches no database. */
export class RoomTails {
  readonly #log: ChangeLog
  readonly #eventStore: EventStore
  readonly #roomStore: RoomStore
  readonly #events: EventReader
  readonly #tails = new LRUCache<number, RoomTail>({ max: CACHED_TAILS })
  readonly #loading = new Map<number, Promise<void>>()

  constructor(deps: { eventStore: EventStore; roomStore: RoomStore; events: EventReader; log: ChangeLog }) {
    this.#log = deps.log
    this.#eventStore = deps.eventStore
    this.#roomStore = deps.roomStore
    this.#events = deps.events
  }

  /** A timeline event has become durable. */
  append(event: StoredEvent): void {
    const tail = this.#tails.peek(event.roomNid)
    if (tail === undefined) return
    tail.events.push(event)
    if (tail.events.length >= TAIL_LENGTH * 2) {
      const dropped = tail.events.splice(0, tail.events.length - TAIL_LENGTH)
      tail.completeAfter = dropped.at(-1)?.position ?? tail.completeAfter
    }
  }

  /** An event of the room has changed: what is kept of it is out of date. */
  invalidate(roomNid: number): void {
    this.#tails.delete(roomNid)
  }

  /**
   * The newest events of the span `(after, upTo]`, at most `limit`.
   * @param limit at most 99.
   */
  async newest(roomNid: number, span: { after: number; upTo: number; limit: number }): Promise<TimelineSpan> {
    const { after, upTo, limit } = span
    if (!this.#tails.has(roomNid)) await this.#load(roomNid)
    // A tail that was taken away while it was read has missed what has been published since.
    const tail = this.#tails.get(roomNid)
    if (tail !== undefined) {
      const known = tail.events.filter(({ position = 0 }) => position > after && position <= upTo)
      if (known.length > limit) return { events: known.slice(-limit), hasMore: true }
      if (after >= tail.completeAfter) return { events: known, hasMore: false }
    }
    const events = await this.#events.keeping(() => this.#eventStore.between(roomNid, after, upTo, limit + 1))
    const hasMore = events.length > limit
    return { events: events.slice(0, limit).reverse(), hasMore }
  }

  /** Root of the room's current state as of a position; undefined before the room was known. */
  async rootAt(roomNid: number, position: number): Promise<number | undefined> {
    const tail = this.#tails.get(roomNid)
    if (tail !== undefined && position >= tail.completeAfter) {
      // While the timeline has no forks the current state is that after its newest event.
      const last = tail.events.findLast((event) => (event.position ?? 0) <= position)
      if (last?.stateAfter !== undefined) return last.stateAfter
      const next = tail.events.find((event) => (event.position ?? 0) > position)
      if (next?.stateBefore !== undefined) return next.stateBefore === 0 ? undefined : next.stateBefore
    }
    return this.#roomStore.rootAt(roomNid, position)
  }

  async #load(roomNid: number): Promise<void> {
    let loading = this.#loading.get(roomNid)
    if (loading === undefined) {
      loading = this.#read(roomNid).finally(() => this.#loading.delete(roomNid))
      this.#loading.set(roomNid, loading)
    }
    return loading
  }

  async #read(roomNid: number): Promise<void> {
    // In place before the read, so that what is published meanwhile is not missed.
    const tail: RoomTail = { events: [], completeAfter: Number.MAX_SAFE_INTEGER }
    this.#tails.set(roomNid, tail)
    const upTo = this.#log.position
    const newestFirst = await this.#events.keeping(() => this.#eventStore.between(roomNid, 0, upTo, TAIL_LENGTH))
    // So much has come meanwhile that the tail was trimmed: what was read does not reach up to it.
    if (tail.completeAfter !== Number.MAX_SAFE_INTEGER) return
    const stored = newestFirst.reverse()
    tail.events.unshift(...stored)
    const isWhole = stored.length < TAIL_LENGTH
    tail.completeAfter = isWhole ? 0 : (stored[0]?.position ?? 1) - 1
  }
}
