import { LRUCache } from 'lru-cache'
import { ALL_THREADS, type ReadPositionStore } from '../../storage/read-position-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import { type MatchCounts, NO_MATCHES, type UnreadStore } from '../../storage/unread-store.ts'
import type { TimelineDetails } from '../events/built-event.ts'
import type { ChangeLog } from '../log/change-log.ts'
import { MAIN_THREAD } from './event-thread.ts'
import type { PushRuleOwner, PushRules } from './push-rules.ts'
import type { UnreadWindow, UnreadWindows } from './unread-window.ts'
import type { ClassSpan } from './user-push-rules.ts'

/** Users' counts of rooms that are kept at hand. */
const CACHED_COUNTS = 100_000

/** Unread events that notify, and those among them that are highlighted. */
export interface UnreadCount {
  readonly notifications: number
  readonly highlights: number
}

/** What is unread to a user in one room. */
export interface RoomUnreadCounts {
  readonly main: UnreadCount
  /** By event ID of the thread's root; threads without anything unread are left out. */
  readonly threads: ReadonlyMap<string, UnreadCount>
}

/** What `UnreadCounts` stands on. */
export interface UnreadCountsDeps {
  readonly log: ChangeLog
  readonly pushRules: PushRules
  readonly windows: UnreadWindows
  readonly unreadStore: UnreadStore
  readonly readPositionStore: ReadPositionStore
}

interface Tally {
  notifications: number
  highlights: number
}

/** A user's counts of one room, as counted up to a position. */
interface CountState {
  readonly window: UnreadWindow
  readonly retractions: number
  upTo: number
  readonly tallies: Map<string, Tally>
  /** Up to where the user has read, by thread. */
  readonly read: Map<string, number>
  /** Threads that have been read further since they were counted. */
  readonly stale: Set<string>
}

/** Counts that are being read from the database. */
interface LoadingState {
  readonly state: Promise<CountState>
  /** What is being read further meanwhile. */
  readonly reads: ReadUpTo[]
  /** Another process has changed meanwhile what is being read. */
  isOutdated: boolean
}

/** A user has read a thread, or all, up to a position. */
interface ReadUpTo {
  readonly thread: string
  readonly position: number
}

/**
 * Counts what is unread to a user: from the room's counters at two positions, and from there on event by event, by
 * the rules that the user had at each.
 * @spec client-server-api/#receiving-notifications
 */
export class UnreadCounts {
  readonly #deps: UnreadCountsDeps
  readonly #states = new LRUCache<string, CountState>({ max: CACHED_COUNTS })
  readonly #loading = new Map<string, LoadingState>()

  constructor(deps: UnreadCountsDeps) {
    this.#deps = deps
  }

  /** What is unread to a member of a room. */
  async of(
    owner: PushRuleOwner,
    room: { readonly roomNid: number; readonly roomId: string },
  ): Promise<RoomUnreadCounts> {
    for (;;) {
      const rules = await this.#deps.pushRules.rules(owner)
      const spans = rules.classesIn(room.roomId)
      const state = this.#states.get(keyOf(owner.userNid, room.roomNid))
      const isKnown = state !== undefined && isGood(state, this.#deps.windows.of(room.roomNid))
      if (isKnown && this.#recount(state, owner.userNid, spans)) {
        this.#countOn(state, owner.userNid, spans)
        return toCounts(state)
      }
      await this.#load(owner.userNid, room.roomNid, spans)
    }
  }

  /** A user has read a thread, or all, up to a position; called when durable. */
  onRead(userNid: number, roomNid: number, thread: string, position: number): void {
    const key = keyOf(userNid, roomNid)
    this.#loading.get(key)?.reads.push({ thread, position })
    const state = this.#states.peek(key)
    if (state !== undefined) noteRead(state, thread, position)
  }

  /** A user has read further through another process: what is unread is counted anew. */
  forget(userNid: number, roomNid: number): void {
    const key = keyOf(userNid, roomNid)
    this.#states.delete(key)
    const loading = this.#loading.get(key)
    if (loading !== undefined) loading.isOutdated = true
  }

  /** A timeline event has become durable. */
  onEvent(event: StoredEvent, { unread }: TimelineDetails): void {
    const read = unread?.read
    if (read !== undefined) this.onRead(read.userNid, event.roomNid, read.thread, event.position ?? 0)
  }

  /** Counts threads anew that have been read further. @returns false if that is further back than is at hand. */
  #recount(state: CountState, userNid: number, spans: readonly ClassSpan[]): boolean {
    if (state.stale.size === 0) return true
    const threads = state.stale.has(ALL_THREADS) ? new Set(state.tallies.keys()) : state.stale
    for (const thread of threads) {
      const base = baseOf(state, thread)
      if (base >= state.upTo) state.tallies.delete(thread)
      else if (base < state.window.completeAfter) return false
      else {
        state.tallies.delete(thread)
        for (const event of state.window.between(base, state.upTo)) {
          if (event.thread === thread) countIn(state, event, userNid, spans)
        }
      }
    }
    state.stale.clear()
    return true
  }

  #countOn(state: CountState, userNid: number, spans: readonly ClassSpan[]): void {
    const { position } = this.#deps.log
    for (const event of state.window.between(state.upTo, position)) {
      if (event.position > baseOf(state, event.thread)) countIn(state, event, userNid, spans)
    }
    state.upTo = Math.max(state.upTo, position)
  }

  /** Counts anew, by the database. */
  async #load(userNid: number, roomNid: number, spans: readonly ClassSpan[]): Promise<void> {
    const key = keyOf(userNid, roomNid)
    const underWay = this.#loading.get(key)
    if (underWay !== undefined) {
      await underWay.state
      return
    }
    const loading: LoadingState = { state: this.#read(userNid, roomNid, spans), reads: [], isOutdated: false }
    this.#loading.set(key, loading)
    try {
      const state = await loading.state
      // Whoever waits finds no counts, and has them read again.
      if (loading.isOutdated) return
      for (const { thread, position } of loading.reads) noteRead(state, thread, position)
      this.#states.set(key, state)
    } finally {
      this.#loading.delete(key)
    }
  }

  async #read(userNid: number, roomNid: number, spans: readonly ClassSpan[]): Promise<CountState> {
    // From here on nothing is missed: the window has what comes later.
    const window = this.#deps.windows.of(roomNid)
    const { retractions } = window
    const upTo = this.#deps.log.position
    const read = await this.#deps.readPositionStore.inRoom(userNid, roomNid)
    const state: CountState = { window, retractions, upTo, tallies: new Map(), read, stale: new Set() }
    await this.#countAll(state, userNid, roomNid, spans)
    return state
  }

  async #countAll(state: CountState, userNid: number, roomNid: number, spans: readonly ClassSpan[]): Promise<void> {
    const { unreadStore } = this.#deps
    const { upTo } = state
    const after = Math.min(state.read.get(ALL_THREADS) ?? 0, upTo)
    let from = after
    for (const { until, class: pushClass } of spans) {
      if (until <= after) continue
      const to = Math.min(until, upTo)
      for (const { thread, before, now } of await unreadStore.countersBetween(roomNid, from, to)) {
        const base = Math.min(baseOf(state, thread), to)
        const atBase = base <= from ? before : await unreadStore.counterAt(roomNid, thread, base)
        for (const [matched, count] of difference(now, atBase)) add(state, thread, pushClass.outcome(matched), count)
      }
      from = to
      if (to === upTo) break
    }
    if (after === upTo) return
    const { retracted, deviations } = await unreadStore.exceptions(userNid, roomNid, after, upTo)
    for (const { position, thread, matched } of retracted) {
      if (position > baseOf(state, thread)) add(state, thread, classAt(spans, position).outcome(matched), -1)
    }
    const takenBack = new Set(retracted.map(({ position }) => position))
    for (const row of deviations) {
      if (row.position <= baseOf(state, row.thread) || takenBack.has(row.position)) continue
      add(state, row.thread, classAt(spans, row.position).outcome(row.matched), -1)
      add(state, row.thread, row, 1)
    }
  }
}

/** Counts one event in, as it is to the user. */
function countIn(
  state: CountState,
  { position, thread, matched, deviations }: UnreadWindow['events'][number],
  userNid: number,
  spans: readonly ClassSpan[],
): void {
  const deviation = deviations.find((it) => it.userNid === userNid)
  add(state, thread, deviation ?? classAt(spans, position).outcome(matched), 1)
}

function add(state: CountState, thread: string, outcome: { notify: boolean; highlight: boolean }, count: number): void {
  if (!outcome.notify) return
  let tally = state.tallies.get(thread)
  if (tally === undefined) {
    tally = { notifications: 0, highlights: 0 }
    state.tallies.set(thread, tally)
  }
  tally.notifications += count
  if (outcome.highlight) tally.highlights += count
}

function difference(now: MatchCounts, before: MatchCounts = NO_MATCHES): [matched: number, count: number][] {
  return [...now].map(([matched, count]) => [matched, count - (before.get(matched) ?? 0)])
}

function classAt(spans: readonly ClassSpan[], position: number): ClassSpan['class'] {
  const span = spans.find(({ until }) => position <= until)
  if (span === undefined) throw new Error('the last span of a user’s rules has no end')
  return span.class
}

function noteRead(state: CountState, thread: string, position: number): void {
  if ((state.read.get(thread) ?? 0) >= position) return
  state.read.set(thread, position)
  state.stale.add(thread)
}

/** Up to where a thread has been read. */
function baseOf({ read }: CountState, thread: string): number {
  return Math.max(read.get(ALL_THREADS) ?? 0, read.get(thread) ?? 0)
}

function isGood(state: CountState, window: UnreadWindow): boolean {
  return state.window === window && state.retractions === window.retractions && state.upTo >= window.completeAfter
}

function toCounts({ tallies }: CountState): RoomUnreadCounts {
  const threads = new Map(
    [...tallies].filter(([thread, { notifications }]) => thread !== MAIN_THREAD && notifications > 0),
  )
  return { main: tallies.get(MAIN_THREAD) ?? { notifications: 0, highlights: 0 }, threads }
}

function keyOf(userNid: number, roomNid: number): string {
  return `${userNid} ${roomNid}`
}
