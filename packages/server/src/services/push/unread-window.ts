import { LRUCache } from 'lru-cache'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { TimelineDetails } from '../events/built-event.ts'
import type { UnreadDeviation } from '../events/unread-plan.ts'
import type { ChangeLog } from '../log/change-log.ts'

/** Rooms whose newest events are at hand as they count. */
const CACHED_ROOMS = 5_000

/** Newest events kept of each; trimmed to this when they are twice as many. */
const WINDOW_LENGTH = 100

/** A timeline event as it counts. */
export interface CountedEvent {
  readonly eventNid: number
  readonly position: number
  readonly thread: string
  readonly matched: number
  readonly deviations: readonly UnreadDeviation[]
}

/** The newest events of one room as they count. */
export class UnreadWindow {
  /** Oldest first; all after `completeAfter`. */
  readonly events: CountedEvent[] = []
  completeAfter: number
  /** One more whenever an event is taken back: what was counted before may be wrong. */
  retractions = 0

  constructor(completeAfter: number) {
    this.completeAfter = completeAfter
  }

  /** The events of a span `(after, upTo]`, oldest first. */
  between(after: number, upTo: number): CountedEvent[] {
    let first = this.events.length
    while (first > 0 && (this.events[first - 1]?.position ?? 0) > after) first -= 1
    return this.events.slice(first).filter(({ position }) => position <= upTo)
  }

  append(event: CountedEvent): void {
    this.events.push(event)
    if (this.events.length >= WINDOW_LENGTH * 2) {
      const dropped = this.events.splice(0, this.events.length - WINDOW_LENGTH)
      this.completeAfter = dropped.at(-1)?.position ?? this.completeAfter
    }
  }

  retract(eventNid: number): void {
    this.retractions += 1
    const index = this.events.findIndex((event) => event.eventNid === eventNid)
    if (index >= 0) this.events.splice(index, 1)
  }
}

/** Keeps the newest events of rooms in use as they count, so that counting on touches no database. */
export class UnreadWindows {
  readonly #log: ChangeLog
  readonly #windows = new LRUCache<number, UnreadWindow>({ max: CACHED_ROOMS })

  constructor(log: ChangeLog) {
    this.#log = log
  }

  /** The window of a room; one that is new begins now. */
  of(roomNid: number): UnreadWindow {
    let window = this.#windows.get(roomNid)
    if (window === undefined) {
      window = new UnreadWindow(this.#log.position)
      this.#windows.set(roomNid, window)
    }
    return window
  }

  /** Another process has written to the room: what it has counted is in the database. */
  forget(roomNid: number): void {
    this.#windows.delete(roomNid)
  }

  /** A timeline event has become durable. */
  append({ eventNid, roomNid, position = 0 }: StoredEvent, { unread }: TimelineDetails): void {
    const window = this.#windows.peek(roomNid)
    if (window === undefined || unread === undefined) return
    const { thread, matched, deviations, retracts, isRetracted } = unread
    if (!isRetracted) window.append({ eventNid, position, thread, matched, deviations })
    if (retracts !== undefined) window.retract(retracts)
  }
}
