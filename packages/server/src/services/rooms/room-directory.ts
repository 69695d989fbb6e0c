import { type JsonObject, MatrixError, type RoomId } from '@magik/protocol'
import { nextTurn } from '../../platform/clock/next-turn.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import type { Requester } from '../auth/requester.ts'
import type { RoomView } from '../events/room-view.ts'
import type { ChangeLog } from '../log/change-log.ts'
import type { Rooms } from './rooms.ts'

/** Most rooms of a page, and how many when the client does not say. */
const MAX_PAGE_ROOMS = 500
const DEFAULT_PAGE_ROOMS = 100

/** Rooms described at a stretch. */
const STRETCH = 20

const TOKEN = /^p([0-9]{1,9})$/

/** Which rooms of the directory to list. */
export interface DirectoryQuery {
  readonly limit: number | undefined
  readonly since: string | undefined
  /** Text that name, topic or canonical alias must contain. */
  readonly searchTerm: string | undefined
  /** Room types; null stands for rooms without one. */
  readonly roomTypes: readonly (string | null)[] | undefined
}

/** What the directory stands on. */
export interface RoomDirectoryDeps {
  readonly roomStore: RoomStore
  readonly rooms: Rooms
  readonly log: ChangeLog
}

/** The rooms that this server lists for everybody. @spec client-server-api/#published-room-directory */
export class RoomDirectory {
  readonly #deps: RoomDirectoryDeps

  constructor(deps: RoomDirectoryDeps) {
    this.#deps = deps
  }

  /** @throws MatrixError M_NOT_FOUND if the room is unknown */
  async visibility(roomId: RoomId): Promise<'public' | 'private'> {
    const room = await this.#deps.rooms.get(roomId)
    return (await this.#deps.roomStore.isPublished(room.roomNid)) ? 'public' : 'private'
  }

  /** Lists a room or takes it out. @throws MatrixError M_NOT_FOUND; M_FORBIDDEN unless it is for the requester to say */
  async setVisibility(roomId: RoomId, visibility: 'public' | 'private', requester: Requester): Promise<void> {
    const { rooms, roomStore, log } = this.#deps
    const room = await rooms.get(roomId)
    if (!requester.isAdmin) await this.#requirePower(room, requester)
    await log.append({ statements: [roomStore.setPublished(room.roomNid, visibility === 'public')], changes: [] })
  }

  /**
   * A page of the directory, largest rooms first.
   * @throws MatrixError M_INVALID_PARAM for a token of somebody else's
   * @spec client-server-api/#post_matrixclientv3publicrooms
   */
  async list(query: DirectoryQuery): Promise<JsonObject> {
    const limit = Math.min(query.limit || DEFAULT_PAGE_ROOMS, MAX_PAGE_ROOMS)
    const start = startOf(query.since)
    const published = await this.#deps.roomStore.published()
    const chunk: JsonObject[] = []
    let index = start
    for (; index < published.length && chunk.length < limit; index += 1) {
      if ((index - start) % STRETCH === STRETCH - 1) await nextTurn()
      const entry = await this.#entry(published[index])
      if (entry !== undefined && isWanted(entry, query)) chunk.push(entry)
    }
    return {
      chunk,
      total_room_count_estimate: published.length,
      ...(index < published.length && { next_batch: `p${index}` }),
      ...(start > 0 && { prev_batch: `p${Math.max(0, start - limit)}` }),
    }
  }

  async #requirePower(room: RoomView, { userId }: Requester): Promise<void> {
    const power = await room.powerLevels()
    const isMember = (await room.membership(userId)) === 'join'
    if (!isMember || power.ofUser(userId) < power.forEvent('m.room.canonical_alias', true)) {
      throw new MatrixError('M_FORBIDDEN', 'You must be a moderator of the room to list it or take it out')
    }
  }

  async #entry(roomNid: number | undefined): Promise<JsonObject | undefined> {
    if (roomNid === undefined) return undefined
    const room = await this.#deps.rooms.findByNid(roomNid)
    if (room === undefined || room.joinedMembers === 0) return undefined
    const text = async (type: string, field: string) => {
      const value = (await room.content(type, ''))?.[field]
      return typeof value === 'string' && value !== '' ? value : undefined
    }
    return definedMembers({
      room_id: room.roomId,
      num_joined_members: room.joinedMembers,
      world_readable: (await text('m.room.history_visibility', 'history_visibility')) === 'world_readable',
      guest_can_join: (await text('m.room.guest_access', 'guest_access')) === 'can_join',
      join_rule: await text('m.room.join_rules', 'join_rule'),
      name: await text('m.room.name', 'name'),
      topic: await text('m.room.topic', 'topic'),
      canonical_alias: await text('m.room.canonical_alias', 'alias'),
      avatar_url: await text('m.room.avatar', 'url'),
      room_type: await text('m.room.create', 'type'),
    })
  }
}

function startOf(since: string | undefined): number {
  if (since === undefined) return 0
  const start = TOKEN.exec(since)?.[1]
  if (start === undefined) throw new MatrixError('M_INVALID_PARAM', 'The token is not one of this server')
  return Number(start)
}

function isWanted(entry: JsonObject, { searchTerm, roomTypes }: DirectoryQuery): boolean {
  if (roomTypes !== undefined && !roomTypes.some((type) => type === (entry['room_type'] ?? null))) return false
  if (searchTerm === undefined || searchTerm === '') return true
  const wanted = searchTerm.toLowerCase()
  return [entry['name'], entry['topic'], entry['canonical_alias']].some(
    (text) => typeof text === 'string' && text.toLowerCase().includes(wanted),
  )
}

function definedMembers(members: Readonly<Record<string, string | number | boolean | undefined>>): JsonObject {
  return Object.fromEntries(
    Object.entries(members).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const])),
  )
}
