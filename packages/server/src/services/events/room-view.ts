import { type JsonObject, type Pdu, PowerLevels, type RoomId, type RoomVersion, type UserId } from '@magik/protocol'
import type { HeadRow } from '../../storage/room-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { StateReading } from './auth-state.ts'
import { type RoomHead, stateCacheKey } from './room-heads.ts'

/** What a user is to a room. */
export type Membership = 'join' | 'invite' | 'leave' | 'ban' | 'knock'

/** A room at one moment: its version, members and state. */
export class RoomView {
  readonly #head: RoomHead
  readonly #moment: HeadRow
  readonly #reading: StateReading

  /** @param moment the head as committed, for readers, or as pending, inside the room's queue. */
  constructor(head: RoomHead, moment: HeadRow, reading: StateReading) {
    this.#head = head
    this.#moment = moment
    this.#reading = reading
  }

  get roomId(): RoomId {
    return this.#head.roomId
  }

  get roomNid(): number {
    return this.#head.roomNid
  }

  get version(): RoomVersion {
    return this.#head.version
  }

  /** Root of the state tree. */
  get stateRoot(): number {
    return this.#moment.stateRoot
  }

  get joinedMembers(): number {
    return this.#moment.joinedMembers
  }

  get invitedMembers(): number {
    return this.#moment.invitedMembers
  }

  /** A state event. */
  async state(type: string, stateKey: string): Promise<StoredEvent | undefined> {
    if (this.#moment === this.#head.pending) {
      const cached = this.#head.cachedState(stateCacheKey(type, stateKey))
      if (cached !== undefined) return cached.event
    }
    const eventNid = await this.#reading.tree.get(this.roomNid, this.stateRoot, type, stateKey)
    return eventNid === undefined ? undefined : this.#reading.events.get(eventNid)
  }

  /** The PDU of a state event; shared, not to be changed. */
  async statePdu(type: string, stateKey: string): Promise<Pdu | undefined> {
    const event = await this.state(type, stateKey)
    return event && this.#reading.events.pdu(event)
  }

  /** The content of a state event, as it stands after redaction; shared, not to be changed. */
  async content(type: string, stateKey: string): Promise<JsonObject | undefined> {
    return (await this.statePdu(type, stateKey))?.content
  }

  /** What a user is to the room; undefined for a user it has never heard of. */
  async membership(userId: UserId): Promise<Membership | undefined> {
    return toMembership((await this.content('m.room.member', userId))?.['membership'])
  }

  /** The room's create event. */
  async create(): Promise<Pdu> {
    const create = await this.statePdu('m.room.create', '')
    if (create === undefined) throw new Error(`room ${this.roomId} has no create event`)
    return create
  }

  /** The room's power levels, defaults filled in. */
  async powerLevels(): Promise<PowerLevels> {
    const content = await this.content('m.room.power_levels', '')
    return PowerLevels.from(content, await this.create(), this.version)
  }
}

/** A membership as the spec knows it; undefined for anything else. */
export function toMembership(value: unknown): Membership | undefined {
  switch (value) {
    case 'join':
    case 'invite':
    case 'leave':
    case 'ban':
    case 'knock':
      return value
    default:
      return undefined
  }
}
