import type { RoomId } from '@magik/protocol'
import type { Membership } from '../events/room-view.ts'

/** Changes kept of one user's rooms; older ones are found by asking the database. */
const MAX_RECENT = 2_000

/** A user's membership in a room, by the membership event in force. */
export interface ViewMembership {
  readonly membership: Membership
  readonly eventNid: number
  /** Position at which it came into force. */
  readonly position: number
  /** The user has left the room and wants to hear no more of it. */
  readonly isForgotten: boolean
}

/** A change that concerns the user. */
export interface RecentChange {
  readonly position: number
  /** Undefined for what belongs to no room. */
  readonly roomNid: number | undefined
  readonly isAccountData: boolean
  /** A receipt on the room. */
  readonly isReceipt?: boolean
}

/** What has changed for a user in a span of the stream. */
export interface ChangesForUser {
  readonly rooms: ReadonlySet<number>
  /** Whether account data has changed, of a room or global. */
  readonly hasAccountData: boolean
  /** Rooms whose receipts have changed; undefined: any of `rooms` may be. */
  readonly receiptRooms: ReadonlySet<number> | undefined
}

/**
 * What a syncing user has to do with: their rooms, and the newest changes that concern them. Kept up to date by the
 * change log while it lives.
 */
export class UserView {
  readonly userNid: number
  readonly rooms = new Map<number, ViewMembership>()
  /** Rooms that were deleted after the user had been taken out of them, and the position of that. */
  readonly departures = new Map<RoomId, number>()
  readonly #recent: RecentChange[] = []
  #recentAfter: number
  #waiters = new Set<() => void>()

  /** @param position everything later will be noted. */
  constructor(userNid: number, position: number) {
    this.userNid = userNid
    this.#recentAfter = position
  }

  /** From here on every change is noted: what came before may not have been. */
  beginAt(position: number): void {
    this.#recentAfter = position
  }

  /** A change concerns the user. */
  note(change: RecentChange): void {
    this.#recent.push(change)
    if (this.#recent.length > MAX_RECENT) {
      const dropped = this.#recent.splice(0, MAX_RECENT / 2)
      this.#recentAfter = dropped.at(-1)?.position ?? this.#recentAfter
    }
  }

  /** What changed after a position, up to another; undefined when that is further back than is remembered. */
  changesBetween(after: number, upTo: number): ChangesForUser | undefined {
    if (after < this.#recentAfter) return undefined
    const rooms = new Set<number>()
    const receiptRooms = new Set<number>()
    let hasAccountData = false
    for (let index = this.#recent.length - 1; index >= 0; index -= 1) {
      const change = this.#recent[index]
      if (change === undefined || change.position <= after) break
      if (change.position > upTo) continue
      if (change.roomNid !== undefined) rooms.add(change.roomNid)
      if (change.roomNid !== undefined && change.isReceipt) receiptRooms.add(change.roomNid)
      if (change.isAccountData) hasAccountData = true
    }
    return { rooms, hasAccountData, receiptRooms }
  }

  /** Calls back once, at the next change; the returned function takes that back. */
  onceChanged(callback: () => void): () => void {
    this.#waiters.add(callback)
    return () => this.#waiters.delete(callback)
  }

  /** Whether somebody waits for a change. */
  get isWatched(): boolean {
    return this.#waiters.size > 0
  }

  /** Tells those who wait. */
  wake(): void {
    const waiters = this.#waiters
    if (waiters.size === 0) return
    this.#waiters = new Set()
    for (const callback of waiters) callback()
  }
}
