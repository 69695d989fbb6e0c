import type { RoomId } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import { GLOBAL_ACCOUNT_DATA } from '../../storage/account-data-store.ts'
import { changeKind } from '../../storage/change-kind.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { MembershipChange } from '../events/built-event.ts'
import { toMembership } from '../events/room-view.ts'
import type { Change, ChangeLog } from '../log/change-log.ts'
import { type RecentChange, UserView } from './user-view.ts'

/** Memberships kept over all users' views; a view that is not watched goes when there are more. */
const MAX_MEMBERSHIPS = 500_000

/**
 * The views of users who sync. A change costs only the users whom it concerns: a room knows the views of its joined
 * users, and nobody else is looked at.
 */
export class UserViews {
  readonly #log: ChangeLog
  readonly #memberships: MembershipStore
  readonly #views: LRUCache<number, UserView>
  readonly #loading = new Map<number, Promise<UserView>>()
  readonly #beingLoaded = new Map<number, UserView>()
  readonly #byRoom = new Map<number, Set<UserView>>()
  #toWake = new Set<UserView>()

  constructor(deps: { log: ChangeLog; membershipStore: MembershipStore }) {
    this.#log = deps.log
    this.#memberships = deps.membershipStore
    this.#views = new LRUCache<number, UserView>({
      maxSize: MAX_MEMBERSHIPS,
      sizeCalculation: (view) => view.rooms.size + 1,
      dispose: (view) => this.#detach(view),
    })
    deps.log.listen((change) => this.#onChange(change))
  }

  /** How many users are being followed. */
  get size(): number {
    return this.#views.size
  }

  /** The view of a user, up to date. */
  async get(userNid: number): Promise<UserView> {
    const view = this.#views.get(userNid)
    if (view !== undefined) return view
    let loading = this.#loading.get(userNid)
    if (loading === undefined) {
      loading = this.#load(userNid).finally(() => this.#loading.delete(userNid))
      this.#loading.set(userNid, loading)
    }
    return loading
  }

  /** A user's membership has changed; called when durable and before the log publishes it. */
  onMembership(roomNid: number, position: number, change: MembershipChange): void {
    const view = this.#followed(change.userNid)
    const membership = toMembership(change.after)
    if (view === undefined || membership === undefined) return
    view.rooms.set(roomNid, { membership, eventNid: change.eventNid, position, isForgotten: false })
    if (membership === 'join') {
      this.#attach(view, roomNid)
    } else {
      this.#detachFrom(roomNid, view)
      this.#noteFor(view, { position, roomNid, isAccountData: false })
    }
  }

  /** A room has been deleted: those who were in it hear that they no longer are, and nothing else. */
  onRoomGone(roomNid: number, roomId: RoomId): void {
    for (const view of [...this.#views.values(), ...this.#beingLoaded.values()]) {
      const membership = view.rooms.get(roomNid)
      if (membership === undefined) continue
      view.rooms.delete(roomNid)
      view.departures.set(roomId, membership.position)
    }
    this.#byRoom.delete(roomNid)
  }

  #onChange(change: Change): void {
    switch (change.kind) {
      case changeKind.event:
      case changeKind.roomState: {
        const views = change.roomNid === undefined ? undefined : this.#byRoom.get(change.roomNid)
        // One object for all, as in a large room every view keeps it.
        const recent = { position: change.position, roomNid: change.roomNid, isAccountData: false }
        for (const view of views ?? []) this.#noteFor(view, recent)
        return
      }
      case changeKind.accountData: {
        const view = change.userNid === undefined ? undefined : this.#followed(change.userNid)
        const roomNid = change.roomNid === GLOBAL_ACCOUNT_DATA ? undefined : change.roomNid
        if (view !== undefined) this.#noteFor(view, { position: change.position, roomNid, isAccountData: true })
        return
      }
      case changeKind.pushRules: {
        // Push rules are shown as account data.
        const view = change.userNid === undefined ? undefined : this.#followed(change.userNid)
        const { position } = change
        if (view !== undefined) this.#noteFor(view, { position, roomNid: undefined, isAccountData: true })
        return
      }
      case changeKind.receipt:
        this.#onReceipt(change, (change.roomNid === undefined ? undefined : this.#byRoom.get(change.roomNid)) ?? [])
        return
      case changeKind.privateReceipt: {
        const view = change.userNid === undefined ? undefined : this.#followed(change.userNid)
        this.#onReceipt(change, view === undefined ? [] : [view])
        return
      }
      case changeKind.forgotten:
        if (change.userNid !== undefined && change.roomNid !== undefined) this.#forget(change.userNid, change.roomNid)
        return
      case changeKind.profile:
      case changeKind.device:
      case changeKind.account:
        return
    }
  }

  #onReceipt({ position, roomNid }: Change, views: Iterable<UserView>): void {
    const recent = { position, roomNid, isAccountData: false, isReceipt: true }
    for (const view of views) this.#noteFor(view, recent)
  }

  /** The user wants to hear no more of a room they have left. */
  #forget(userNid: number, roomNid: number): void {
    const rooms = this.#followed(userNid)?.rooms
    const membership = rooms?.get(roomNid)
    if (membership !== undefined) rooms?.set(roomNid, { ...membership, isForgotten: true })
  }

  /** The view of a user who is followed or about to be. */
  #followed(userNid: number): UserView | undefined {
    return this.#beingLoaded.get(userNid) ?? this.#views.peek(userNid)
  }

  async #load(userNid: number): Promise<UserView> {
    const view = new UserView(userNid, this.#log.position)
    // Followed from before the read on, so that no change falls between the two.
    this.#beingLoaded.set(userNid, view)
    try {
      for (const row of await this.#memberships.ofUser(userNid)) {
        const membership = toMembership(row.membership)
        const newer = view.rooms.get(row.roomNid)
        if (membership === undefined || newer !== undefined) continue
        const { roomNid, eventNid, position, isForgotten } = row
        view.rooms.set(roomNid, { membership, eventNid, position, isForgotten })
        if (membership === 'join') this.#attach(view, row.roomNid)
      }
      for (const { roomId, position } of await this.#memberships.departuresOf(userNid)) {
        if (!view.departures.has(roomId)) view.departures.set(roomId, position)
      }
      // What happened in the rooms while they were being read has been noted by nobody.
      view.beginAt(this.#log.position)
      this.#views.set(userNid, view)
      return view
    } catch (error) {
      this.#detach(view)
      throw error
    } finally {
      this.#beingLoaded.delete(userNid)
    }
  }

  #attach(view: UserView, roomNid: number): void {
    const views = this.#byRoom.get(roomNid)
    if (views === undefined) this.#byRoom.set(roomNid, new Set([view]))
    else views.add(view)
  }

  #detach(view: UserView): void {
    for (const roomNid of view.rooms.keys()) this.#detachFrom(roomNid, view)
    // Whoever waits looks again, and gets a view that is kept up to date.
    view.wake()
  }

  #detachFrom(roomNid: number, view: UserView): void {
    const views = this.#byRoom.get(roomNid)
    views?.delete(view)
    if (views?.size === 0) this.#byRoom.delete(roomNid)
  }

  #noteFor(view: UserView, change: RecentChange): void {
    view.note(change)
    if (!view.isWatched) return
    // Woken once for all that one commit brings.
    if (this.#toWake.size === 0) setImmediate(() => this.#wakeAll())
    this.#toWake.add(view)
  }

  #wakeAll(): void {
    const views = this.#toWake
    this.#toWake = new Set()
    for (const view of views) view.wake()
  }
}
