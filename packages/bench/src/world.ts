import type { HttpClient } from './http/http-client.ts'
import { type Registration, registerAccount } from './matrix/registration.ts'
import type { Session } from './matrix/session.ts'
import { repeat } from './measuring/closed-loop.ts'

/** How many set-up requests are under way at once. */
const SETUP_CONCURRENCY = 8

/** The size of the community that the scenarios share. */
export interface WorldShape {
  readonly rooms: number
  /** Users; every one of them is in every room. */
  readonly members: number
  readonly roomVersion: string
  /** Members of the one large room that `large-room` makes. */
  readonly crowd: number
}

export interface Room {
  readonly roomId: string
  readonly creator: Session
  /** The event ID of every message the server has acknowledged, in the order of the answers. */
  readonly acknowledged: string[]
}

/** A join that is still to be made before the rooms are as the shape says. */
export interface PendingJoin {
  readonly member: Session
  readonly room: Room
}

/** Makes all the joins; handed in where they are to be measured. */
export type JoinPerformer = (joins: readonly PendingJoin[]) => Promise<void>

export interface WorldDeps {
  readonly http: HttpClient
  readonly registration: Registration
  /** Starts every localpart and transaction ID, so that runs against one server do not meet. */
  readonly prefix: string
  readonly shape: WorldShape
}

/** Users and rooms on the server under test, made when a scenario first needs them and shared by the later ones. */
export class World {
  readonly shape: WorldShape
  readonly #deps: WorldDeps
  readonly #sessions: Session[] = []
  #rooms: readonly Room[] | undefined
  #transactions = 0

  constructor(deps: WorldDeps) {
    this.#deps = deps
    this.shape = deps.shape
  }

  /** Registers a user of the given name (unique within this world). */
  register(name: string): Promise<Session> {
    const { http, registration, prefix } = this.#deps
    return registerAccount(http, registration, { username: `${prefix}-${name}`, password: `${prefix}-password` })
  }

  /** @returns the users that are in every room. */
  members(): Promise<readonly Session[]> {
    return this.#users(0, this.shape.members)
  }

  /** @returns `count` users that are in none of the world's rooms. */
  outsiders(count: number): Promise<readonly Session[]> {
    return this.#users(this.shape.members, count)
  }

  /** @returns the world's rooms with every member joined. */
  async rooms(performJoins: JoinPerformer = joinUnmeasured): Promise<readonly Room[]> {
    if (this.#rooms !== undefined) return this.#rooms
    const members = await this.members()
    const rooms: Room[] = []
    await repeat(this.shape.rooms, SETUP_CONCURRENCY, async (index) => {
      rooms.push(await this.createRoom(at(members, index), `Room ${index}`))
    })
    // One user after the other, each into all rooms, so that joins under way at the same time are to different rooms.
    const joins = members.flatMap((member) => rooms.map((room) => ({ room, member })))
    await performJoins(joins.filter(({ room, member }) => room.creator !== member))
    for (const room of rooms) {
      const count = await room.creator.joinedMemberCount(room.roomId)
      if (count !== members.length) throw new Error(`${count} users are joined where ${members.length} joined`)
    }
    this.#rooms = rooms
    return rooms
  }

  async createRoom(creator: Session, name: string): Promise<Room> {
    const roomId = await creator.createPublicRoom(name, this.shape.roomVersion)
    return { roomId, creator, acknowledged: [] }
  }

  /** Sends a message and keeps account of it. @returns its event ID. */
  async send(sender: Session, room: Room): Promise<string> {
    const number = this.#transactions++
    const text = `Message ${number}: the quick brown fox jumps over the lazy dog`
    const eventId = await sender.sendText(room.roomId, text, `${this.#deps.prefix}-${number}`)
    room.acknowledged.push(eventId)
    return eventId
  }

  async #users(from: number, count: number): Promise<readonly Session[]> {
    const known = this.#sessions
    await repeat(count, SETUP_CONCURRENCY, async (index) => {
      known[from + index] ??= await this.register(`user-${from + index}`)
    })
    return known.slice(from, from + count)
  }
}

/** The element at `index`, counted around the end. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index % items.length]
  if (item === undefined) throw new RangeError('no items')
  return item
}

const joinUnmeasured: JoinPerformer = (joins) =>
  repeat(joins.length, SETUP_CONCURRENCY, async (index) => {
    const { member, room } = at(joins, index)
    await member.join(room.roomId)
  })
