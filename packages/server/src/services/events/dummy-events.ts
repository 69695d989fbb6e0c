import { MatrixError, type RoomId } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { MembershipStore } from '../../storage/membership-store.ts'
import { MAX_PREV_EVENTS } from './build-event.ts'
import type { EventSender } from './event-sender.ts'
import type { RoomHeads } from './room-heads.ts'
import type { RoomWriter } from './room-writer.ts'

/** The type of events that say nothing but join a room's forks; the one that Synapse uses. Clients are not shown them. */
export const DUMMY_EVENT = 'org.matrix.dummy_event'

/** Members tried, at most, until one may send the event. */
const MAX_SENDERS = 10

/** Dummy events sent to one room in a row. */
const MAX_EVENTS_IN_A_ROW = 10

/** Rooms looked after at once; one that finds no place gets its turn with its next event. */
const MAX_ROOMS_AT_ONCE = 20

/** Rooms remembered as those in which no local member may speak. */
const MAX_MUTE_ROOMS = 1_000

/** What joining forks takes. */
export interface DummyEventsDeps {
  readonly sender: EventSender
  readonly heads: RoomHeads
  readonly memberships: MembershipStore
  /** Called when an event could not be sent for a reason that is nobody's refusal. */
  readonly onError: (error: unknown, roomId: RoomId) => void
}

/**
 * Keeps rooms from growing ever more forward extremities where nobody of this server speaks: each costs a resolution
 * with every event that comes. Past the number that one event can join, a dummy event of a local member joins some.
 */
export class DummyEvents {
  readonly #deps: DummyEventsDeps
  readonly #underWay = new Set<number>()
  /** Rooms in which no local member may speak, and how many forward extremities it takes to try again. */
  readonly #mute = new LRUCache<number, number>({ max: MAX_MUTE_ROOMS })

  constructor(deps: DummyEventsDeps) {
    this.#deps = deps
  }

  /** Looks after every room to which an event is added from now on. */
  follow(writer: RoomWriter): void {
    writer.listenToOwn(({ roomId, roomNid }, { head: { forwardExtremities } }) => {
      if (forwardExtremities.length <= Math.max(MAX_PREV_EVENTS, this.#mute.get(roomNid) ?? 0)) return
      if (this.#underWay.has(roomNid) || this.#underWay.size >= MAX_ROOMS_AT_ONCE) return
      this.#underWay.add(roomNid)
      void this.#join(roomId, roomNid).finally(() => this.#underWay.delete(roomNid))
    })
  }

  async #join(roomId: RoomId, roomNid: number): Promise<void> {
    try {
      for (let sent = 0; sent < MAX_EVENTS_IN_A_ROW; sent += 1) {
        const head = await this.#deps.heads.get(roomNid)
        const extremities = head.committed.forwardExtremities.length
        if (extremities <= MAX_PREV_EVENTS) return
        if (await this.#send(roomId, roomNid)) continue
        this.#mute.set(roomNid, extremities * 2)
        return
      }
    } catch (error) {
      this.#deps.onError(error, roomId)
    }
  }

  /** @returns whether a local member could send a dummy event. */
  async #send(roomId: RoomId, roomNid: number): Promise<boolean> {
    for (const sender of await this.#deps.memberships.localMembers(roomNid, MAX_SENDERS)) {
      try {
        await this.#deps.sender.send(roomId, { type: DUMMY_EVENT, content: {}, sender })
        return true
      } catch (error) {
        if (!(error instanceof MatrixError && error.errcode === 'M_FORBIDDEN')) throw error
      }
    }
    return false
  }
}
