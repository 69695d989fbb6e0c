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

/** The newest timeline events of one room, and its current state from each of them on. */
interface RoomTail {
  /** Oldest first. */
  events: StoredEvent[]
  /** For each event the root of the room's current state once it has come. */
  roots: number[]
  /** Root of the current state before the first of them; undefined before the room was known. */
  rootBefore: number | undefined
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

  /**
   * A timeline event has become durable.
   * @param root of the room's current state from now on.
   */
  append(event: StoredEvent, root: number): void {
    const tail = this.#tails.peek(event.roomNid)
    if (tail === undefined) return
    tail.events.push(event)
    tail.roots.push(root)
    if (tail.events.length >= TAIL_LENGTH * 2) {
      const dropped = tail.events.splice(0, tail.events.length - TAIL_LENGTH)
      tail.rootBefore = tail.roots.splice(0, dropped.length).at(-1)
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
      const last = tail.events.findLastIndex((event) => (event.position ?? 0) <= position)
      return last < 0 ? tail.rootBefore : tail.roots[last]
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
    const tail: RoomTail = { events: [], roots: [], rootBefore: undefined, completeAfter: Number.MAX_SAFE_INTEGER }
    this.#tails.set(roomNid, tail)
    const upTo = this.#log.position
    const newestFirst = await this.#events.keeping(() => this.#eventStore.between(roomNid, 0, upTo, TAIL_LENGTH))
    const stored = newestFirst.reverse()
    const completeAfter = stored.length < TAIL_LENGTH ? 0 : (stored[0]?.position ?? 1) - 1
    const rootBefore = completeAfter === 0 ? undefined : await this.#roomStore.rootAt(roomNid, completeAfter)
    const changes = await this.#roomStore.rootsBetween(roomNid, { after: completeAfter, upTo }, TAIL_LENGTH)
    // So much has come meanwhile that the tail was trimmed: what was read does not reach up to it. And where the state
    // changed more often than the timeline grew, a list by events cannot tell it.
    if (tail.completeAfter !== Number.MAX_SAFE_INTEGER) return
    const roots = rootsByEvent(stored, changes.reverse(), rootBefore)
    if (roots === undefined) {
      this.#tails.delete(roomNid)
      return
    }
    tail.events.unshift(...stored)
    tail.roots.unshift(...roots)
    tail.rootBefore = rootBefore
    tail.completeAfter = completeAfter
  }
}

/**
 * For each event the root of the current state once it has come.
 * @returns undefined if the state has changed at a position where no event stands.
 */
function rootsByEvent(
  events: readonly StoredEvent[],
  changes: readonly { position: number; root: number }[],
  rootBefore: number | undefined,
): number[] | undefined {
  const roots: number[] = []
  let root = rootBefore ?? 0
  let next = 0
  for (const { position = 0 } of events) {
    const change = changes[next]
    if (change !== undefined && change.position < position) return undefined
    if (change?.position === position) {
      root = change.root
      next += 1
    }
    roots.push(root)
  }
  return next === changes.length ? roots : undefined
}
