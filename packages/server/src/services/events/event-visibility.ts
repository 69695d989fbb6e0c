import { type HistoryVisibility, historyVisibilityOf, mayReadEvent, type UserId } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { StateReading } from './auth-state.ts'
import { DUMMY_EVENT } from './dummy-events.ts'
import { type Membership, type RoomView, toMembership } from './room-view.ts'

/** State roots whose history visibility is remembered; all messages between two state changes share one. */
const CACHED_ROOTS = 50_000

/** How many of a reader's earlier memberships are looked at to find when they were last in the room. */
const MAX_EARLIER_MEMBERSHIPS = 20

/** Whom events are shown to. */
export interface EventReaderIdentity {
  readonly userId: UserId
}

/**
 * Decides which events a reader may see.
 * @spec client-server-api/#room-history-visibility
 */
export class EventVisibility {
  readonly #reading: StateReading
  readonly #visibilities = new LRUCache<string, HistoryVisibility>({ max: CACHED_ROOTS })

  constructor(reading: StateReading) {
    this.#reading = reading
  }

  /** The events that the reader may see, in the order given. All are of the room. */
  async filter(
    events: readonly StoredEvent[],
    reader: EventReaderIdentity,
    room: RoomView,
  ): Promise<readonly StoredEvent[]> {
    if (events.length === 0) return events
    const inquiry = new Inquiry(this, this.#reading, reader.userId, room)
    const visible: StoredEvent[] = []
    for (const event of events) if (await inquiry.mayRead(event)) visible.push(event)
    return visible
  }

  /** Whether the reader may see an event of the room. */
  async mayRead(event: StoredEvent, reader: EventReaderIdentity, room: RoomView): Promise<boolean> {
    return (await this.filter([event], reader, room)).length === 1
  }

  /** Who may read what is sent while the room's state has this root. */
  async visibilityAt(roomNid: number, root: number): Promise<HistoryVisibility> {
    const key = `${roomNid}:${root}`
    const cached = this.#visibilities.get(key)
    if (cached !== undefined) return cached
    const { tree, events } = this.#reading
    const eventNid = await tree.get(roomNid, root, 'm.room.history_visibility', '')
    const visibility = historyVisibilityOf(eventNid === undefined ? undefined : events.pdu(await events.get(eventNid)))
    this.#visibilities.set(key, visibility)
    return visibility
  }
}

/** One reader's question about several events of one room. */
class Inquiry {
  readonly #visibility: EventVisibility
  readonly #reading: StateReading
  readonly #userId: UserId
  readonly #room: RoomView
  readonly #memberships = new Map<number, Membership | undefined>()
  #presence: { isJoined: boolean; lastJoinedBefore: number } | undefined

  constructor(visibility: EventVisibility, reading: StateReading, userId: UserId, room: RoomView) {
    this.#visibility = visibility
    this.#reading = reading
    this.#userId = userId
    this.#room = room
  }

  async mayRead(event: StoredEvent): Promise<boolean> {
    const { stateBefore, stateAfter } = event
    // Says something to servers alone.
    if (event.type === DUMMY_EVENT) return false
    if (stateBefore === undefined || stateAfter === undefined) return false
    // Whoever is invited, knocks, is turned down or removed learns of it.
    if (event.type === 'm.room.member' && event.stateKey === this.#userId) return true
    this.#presence ??= await this.#readerPresence()
    const joinedLater = this.#presence.isJoined || (event.position ?? 0) < this.#presence.lastJoinedBefore
    const visibility = await this.#visibility.visibilityAt(event.roomNid, stateBefore)
    if (joinedLater && visibility === 'shared') return true
    return mayReadEvent({
      visibility,
      visibilityAfter:
        event.type === 'm.room.history_visibility'
          ? await this.#visibility.visibilityAt(event.roomNid, stateAfter)
          : visibility,
      membership: await this.#membershipAt(stateBefore),
      membershipAfter: await this.#membershipAt(stateAfter),
      joinedLater,
    })
  }

  async #membershipAt(root: number): Promise<Membership | undefined> {
    if (this.#memberships.has(root)) return this.#memberships.get(root)
    const event = await this.#memberEventAt(root)
    const membership = event && toMembership(this.#reading.events.pdu(event).content['membership'])
    this.#memberships.set(root, membership)
    return membership
  }

  async #memberEventAt(root: number): Promise<StoredEvent | undefined> {
    const { tree, events } = this.#reading
    const eventNid = await tree.get(this.#room.roomNid, root, 'm.room.member', this.#userId)
    return eventNid === undefined ? undefined : events.get(eventNid)
  }

  /** Whether the reader is in the room, and if not, the position at which they ceased to be (0: never in it). */
  async #readerPresence(): Promise<{ isJoined: boolean; lastJoinedBefore: number }> {
    let event = await this.#memberEventAt(this.#room.stateRoot)
    const isMember = (member: StoredEvent) =>
      toMembership(this.#reading.events.pdu(member).content['membership']) === 'join'
    if (event !== undefined && isMember(event)) return { isJoined: true, lastJoinedBefore: Infinity }
    for (let step = 0; event?.stateBefore !== undefined && step < MAX_EARLIER_MEMBERSHIPS; step += 1) {
      const earlier = await this.#memberEventAt(event.stateBefore)
      if (earlier !== undefined && isMember(earlier)) {
        return { isJoined: false, lastJoinedBefore: event.position ?? 0 }
      }
      event = earlier
    }
    return { isJoined: false, lastJoinedBefore: 0 }
  }
}
