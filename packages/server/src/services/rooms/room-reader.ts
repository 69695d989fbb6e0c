import { type EventId, type JsonValue, MatrixError, type RoomId } from '@magik/protocol'
import type { EventStore } from '../../storage/event-store.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import { eventStatus, type StoredEvent } from '../../storage/stored-event.ts'
import type { StateReading } from '../events/auth-state.ts'
import type { ClientEvents, EventAudience } from '../events/client-events.ts'
import type { EventVisibility } from '../events/event-visibility.ts'
import { type Membership, type RoomView, toMembership } from '../events/room-view.ts'
import type { StreamToken, TopologicalToken } from '../sync/stream-token.ts'
import type { EventRenderer } from './event-renderer.ts'
import type { RoomReading } from './room-access.ts'
import type { Rooms } from './rooms.ts'

/** Which members to list: those that fit either condition; all where there is none. */
export interface MemberSelection {
  readonly at: StreamToken | TopologicalToken | undefined
  readonly membership: Membership | undefined
  readonly notMembership: Membership | undefined
}

/** A member's profile as their membership event tells it. */
export interface JoinedMember {
  readonly display_name: string | null
  readonly avatar_url: string | null
}

/** What reading rooms stands on. */
export interface RoomReaderDeps extends StateReading {
  readonly rooms: Rooms
  readonly visibility: EventVisibility
  readonly clientEvents: ClientEvents
  readonly renderer: EventRenderer
  readonly eventStore: EventStore
  readonly membershipStore: MembershipStore
}

/** Reads a room's state, members and single events for those who may see them. */
export class RoomReader {
  readonly #deps: RoomReaderDeps

  constructor(deps: RoomReaderDeps) {
    this.#deps = deps
  }

  /** An event as JSON text. @throws MatrixError M_NOT_FOUND if there is none, or none that the reader may see */
  async event(roomId: RoomId, eventId: EventId, reader: EventAudience): Promise<string> {
    return this.#deps.clientEvents.render(await this.findEvent(roomId, eventId, reader), reader)
  }

  /** @throws MatrixError M_NOT_FOUND if there is no such event, or none that the reader may see */
  async findEvent(roomId: RoomId, eventId: EventId, reader: EventAudience): Promise<StoredEvent> {
    const { rooms, events, visibility } = this.#deps
    const room = await rooms.find(roomId)
    const event = room === undefined ? undefined : await events.findById(eventId)
    const isIn = event !== undefined && event.roomNid === room?.roomNid && event.status === eventStatus.accepted
    if (room === undefined || !isIn || !(await visibility.mayRead(event, reader, room))) {
      throw new MatrixError('M_NOT_FOUND', 'Event not found.')
    }
    return event
  }

  /** All state events as a JSON text. */
  async state(reading: RoomReading, reader: EventAudience): Promise<string> {
    const { tree, renderer } = this.#deps
    const entries = await tree.entries(reading.room.roomNid, reading.stateRoot)
    const eventNids = entries.map(({ event }) => event).sort((a, b) => a - b)
    const events = await renderer.select(eventNids, () => true)
    return `[${(await renderer.render(events, reader)).join(',')}]`
  }

  /** @throws MatrixError M_NOT_FOUND if the room has no such state */
  async stateEvent({ room, stateRoot }: RoomReading, type: string, stateKey: string): Promise<StoredEvent> {
    const eventNid = await this.#deps.tree.get(room.roomNid, stateRoot, type, stateKey)
    if (eventNid === undefined) throw new MatrixError('M_NOT_FOUND', 'Event not found.')
    return this.#deps.events.get(eventNid)
  }

  /**
   * Membership events as JSON texts, oldest first.
   * @throws MatrixError M_FORBIDDEN if the reader may not see the room at that point
   */
  async members(reading: RoomReading, selection: MemberSelection, reader: EventAudience): Promise<string[]> {
    const { tree, events, renderer } = this.#deps
    const { membership, notMembership } = selection
    const root = await this.#rootAt(reading, selection.at, reader)
    const entries = await tree.entries(reading.room.roomNid, root, { types: ['m.room.member'] })
    const eventNids = entries.map(({ event }) => event).sort((a, b) => a - b)
    const isFiltered = membership !== undefined || notMembership !== undefined
    const members = await renderer.select(eventNids, (event) => {
      if (!isFiltered) return true
      const present = toMembership(events.pdu(event).content['membership'])
      return present === membership || (notMembership !== undefined && present !== notMembership)
    })
    return renderer.render(members, reader)
  }

  /** Who is in the room now, with the names they have there. */
  async joinedMembers(room: RoomView): Promise<Record<string, JoinedMember>> {
    const { membershipStore, events, renderer } = this.#deps
    const rows = await membershipStore.userIdsInRoom(room.roomNid, 'join')
    const profiles = new Map<number, JoinedMember>()
    await renderer.select(
      rows.map(({ eventNid }) => eventNid),
      (event) => {
        const { displayname, avatar_url: avatarUrl } = events.pdu(event).content
        profiles.set(event.eventNid, { display_name: stringOrNull(displayname), avatar_url: stringOrNull(avatarUrl) })
        return false
      },
    )
    return Object.fromEntries(
      rows.map(({ userId, eventNid }) => [userId, profiles.get(eventNid) ?? { display_name: null, avatar_url: null }]),
    )
  }

  /** Root of the room's state at a token, as far as the reader may see it. */
  async #rootAt(reading: RoomReading, at: MemberSelection['at'], reader: EventAudience): Promise<number> {
    const { room, stateRoot, departure } = reading
    const event = at && (await this.#newestEventAt(room, at))
    if (at === undefined) return stateRoot
    if (event === undefined) return this.#firstRoot(room)
    if (departure !== undefined && (event.position ?? 0) >= (departure.position ?? 0)) return stateRoot
    if (!(await this.#deps.visibility.mayRead(event, reader, room))) {
      throw new MatrixError('M_FORBIDDEN', 'You may not see who was in the room at this point')
    }
    return event.stateAfter ?? 0
  }

  /** A token from before the room's first event, as a timeline that shows all of it begins with, stands for its creator. */
  async #firstRoot({ roomNid }: RoomView): Promise<number> {
    const events = await this.#deps.eventStore.newerThan(roomNid, { depth: 0, eventNid: 0 }, Number.MAX_SAFE_INTEGER, 2)
    return events.at(-1)?.stateAfter ?? 0
  }

  async #newestEventAt({ roomNid }: RoomView, at: StreamToken | TopologicalToken): Promise<StoredEvent | undefined> {
    const { eventStore } = this.#deps
    const [event] =
      at.kind === 'stream'
        ? await eventStore.latest(roomNid, at.position, 1)
        : await eventStore.olderThan(roomNid, { depth: at.depth, eventNid: at.eventNid + 1 }, 1)
    return event
  }
}

function stringOrNull(value: JsonValue | undefined): string | null {
  return typeof value === 'string' ? value : null
}
