import { MatrixError, type RoomId, type UserId } from '@magik/protocol'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { StateReading } from '../events/auth-state.ts'
import type { EventVisibility } from '../events/event-visibility.ts'
import { type Membership, type RoomView, toMembership } from '../events/room-view.ts'
import type { Rooms } from './rooms.ts'

/** How many of a reader's earlier memberships are looked at to find when they left. */
const MAX_EARLIER_MEMBERSHIPS = 20

/** Who wants to read. */
export interface RoomVisitor {
  readonly userId: UserId
  readonly userNid: number
}

/** What of a room somebody may read. */
export interface RoomReading {
  readonly room: RoomView
  /** Root of the state that is the room's to the reader. */
  readonly stateRoot: number
  /** The event by which the reader left: nothing later is for them. Undefined while they may read on. */
  readonly departure: StoredEvent | undefined
}

/** What deciding on access takes. */
export interface RoomAccessDeps extends StateReading {
  readonly rooms: Rooms
  readonly membershipStore: MembershipStore
  readonly visibility: EventVisibility
}

/**
 * Decides who may read a room: members as it is, those who left or were banned as it was then, everybody where it is
 * world-readable. Which single events they see is for `EventVisibility`.
 */
export class RoomAccess {
  readonly #deps: RoomAccessDeps

  constructor(deps: RoomAccessDeps) {
    this.#deps = deps
  }

  /** @throws MatrixError M_FORBIDDEN, also for a room that is unknown */
  async read(roomId: RoomId, reader: RoomVisitor): Promise<RoomReading> {
    const room = await this.#deps.rooms.find(roomId)
    if (room === undefined) throw notInRoom()
    const member = await room.state('m.room.member', reader.userId)
    if (member === undefined || this.#membership(member) !== 'join') {
      const departure = await this.#departure(room, member, reader)
      if (departure?.stateAfter !== undefined) return { room, stateRoot: departure.stateAfter, departure }
      await this.#requireWorldReadable(room)
    }
    return { room, stateRoot: room.stateRoot, departure: undefined }
  }

  /** The room, for those who may read it as it is now. @throws MatrixError M_FORBIDDEN */
  async readCurrent(roomId: RoomId, reader: Pick<RoomVisitor, 'userId'>): Promise<RoomView> {
    const room = await this.#deps.rooms.find(roomId)
    if (room === undefined) throw notInRoom()
    if ((await room.membership(reader.userId)) !== 'join') await this.#requireWorldReadable(room)
    return room
  }

  async #requireWorldReadable(room: RoomView): Promise<void> {
    const visibility = await this.#deps.visibility.visibilityAt(room.roomNid, room.stateRoot)
    if (visibility !== 'world_readable') throw notInRoom()
  }

  /** The event that ended the reader's last time in the room; a ban after it, say, did not. */
  async #departure(
    room: RoomView,
    member: StoredEvent | undefined,
    reader: RoomVisitor,
  ): Promise<StoredEvent | undefined> {
    if (member === undefined) return undefined
    const row = await this.#deps.membershipStore.find(room.roomNid, reader.userNid)
    if (row?.isForgotten) return undefined
    let event: StoredEvent | undefined = member
    for (let step = 0; event?.stateBefore !== undefined && step < MAX_EARLIER_MEMBERSHIPS; step += 1) {
      const earlier = await this.#memberAt(room, event.stateBefore, reader.userId)
      if (earlier !== undefined && this.#membership(earlier) === 'join') return event
      event = earlier
    }
    return undefined
  }

  async #memberAt(room: RoomView, root: number, userId: UserId): Promise<StoredEvent | undefined> {
    const { tree, events } = this.#deps
    const eventNid = await tree.get(room.roomNid, root, 'm.room.member', userId)
    return eventNid === undefined ? undefined : events.get(eventNid)
  }

  #membership(member: StoredEvent): Membership | undefined {
    return toMembership(this.#deps.events.pdu(member).content['membership'])
  }
}

function notInRoom(): MatrixError {
  // The same answer for a room that does not exist: whether it does is nobody's business.
  return new MatrixError('M_FORBIDDEN', 'You are not in this room')
}
