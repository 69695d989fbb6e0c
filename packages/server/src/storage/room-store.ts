import { type EventId, parseEventId, parseRoomId, type RoomId } from '@magik/protocol'
import type { QueryCreator } from 'kysely'
import type { BoundWrite, Database, Parameter } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** A forward extremity: an event of the room that no other event has as its `prev_event` yet. */
export interface ForwardExtremity {
  readonly eventNid: number
  readonly eventId: EventId
}

/** What a send needs to know of a room, and a number to compare and set. */
export interface HeadRow {
  readonly version: number
  readonly forwardExtremities: readonly ForwardExtremity[]
  readonly stateRoot: number
  readonly nextChunk: number
  readonly depth: number
  readonly joinedMembers: number
  readonly invitedMembers: number
}

/** A room with its head as last committed. */
export interface RoomRow {
  readonly roomNid: number
  readonly roomId: RoomId
  readonly version: string
  readonly position: number
  readonly head: HeadRow
}

/** Rooms, their heads and the history of their current state. */
export class RoomStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #findByNid
  readonly #insertRoom
  readonly #insertHead
  readonly #advance
  readonly #advanceQuietly
  readonly #insertState
  readonly #rootAt
  readonly #rootsBetween
  readonly #statePositionAt
  readonly #oldestStatePosition
  readonly #deleteStatesBefore
  readonly #statesAfter
  readonly #setPublished
  readonly #isPublished
  readonly #published

  constructor(database: Database<Schema>) {
    this.#database = database
    const columns = [
      'rooms.room_nid',
      'rooms.room_id',
      'rooms.version as room_version',
      'room_heads.version as head_version',
      'room_heads.forward_extremities',
      'room_heads.state_root',
      'room_heads.next_chunk',
      'room_heads.depth',
      'room_heads.position',
      'room_heads.joined_members',
      'room_heads.invited_members',
    ] as const
    this.#find = database.query<{ roomId: string }>()((q, p) =>
      q
        .selectFrom('rooms')
        .innerJoin('room_heads', 'room_heads.room_nid', 'rooms.room_nid')
        .select(columns)
        .where('rooms.room_id', '=', p.roomId),
    )
    this.#findByNid = database.query<{ roomNid: number }>()((q, p) =>
      q
        .selectFrom('rooms')
        .innerJoin('room_heads', 'room_heads.room_nid', 'rooms.room_nid')
        .select(columns)
        .where('rooms.room_nid', '=', p.roomNid),
    )
    this.#insertRoom = database.query<{
      roomNid: number
      roomId: string
      version: string
      creatorNid: number
      createdTs: number
    }>()((q, p) =>
      q
        .insertInto('rooms')
        .values({
          room_nid: p.roomNid,
          room_id: p.roomId,
          version: p.version,
          creator_nid: p.creatorNid,
          created_ts: p.createdTs,
        })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#insertHead = database.query<{
      roomNid: number
      version: number
      forwardExtremities: string
      stateRoot: number
      nextChunk: number
      depth: number
      position: number
      joinedMembers: number
      invitedMembers: number
    }>()((q, p) =>
      q.insertInto('room_heads').values({
        room_nid: p.roomNid,
        version: p.version,
        forward_extremities: p.forwardExtremities,
        state_root: p.stateRoot,
        next_chunk: p.nextChunk,
        depth: p.depth,
        position: p.position,
        joined_members: p.joinedMembers,
        invited_members: p.invitedMembers,
      }),
    )
    this.#advance = database.query<HeadAdvance & { position: number }>()((q, p) => advanceWith(q, p, p.position))
    this.#advanceQuietly = database.query<HeadAdvance>()((q, p) => advanceWith(q, p, undefined))
    this.#insertState = database.query<{ roomNid: number; position: number; root: number }>()((q, p) =>
      q.insertInto('room_states').values({ room_nid: p.roomNid, position: p.position, root: p.root }),
    )
    this.#rootAt = database.query<{ roomNid: number; position: number }>()((q, p) =>
      q
        .selectFrom('room_states')
        .select('root')
        .where('room_nid', '=', p.roomNid)
        .where('position', '<=', p.position)
        .orderBy('position', 'desc')
        .limit(1),
    )
    this.#rootsBetween = database.query<{ roomNid: number; after: number; upTo: number; limit: number }>()((q, p) =>
      q
        .selectFrom('room_states')
        .select(['position', 'root'])
        .where('room_nid', '=', p.roomNid)
        .where('position', '>', p.after)
        .where('position', '<=', p.upTo)
        .orderBy('position', 'desc')
        .limit(p.limit),
    )
    this.#statePositionAt = database.query<{ roomNid: number; position: number }>()((q, p) =>
      q
        .selectFrom('room_states')
        .select('position')
        .where('room_nid', '=', p.roomNid)
        .where('position', '<=', p.position)
        .orderBy('position', 'desc')
        .limit(1),
    )
    this.#oldestStatePosition = database.query<{ roomNid: number }>()((q, p) =>
      q.selectFrom('room_states').select('position').where('room_nid', '=', p.roomNid).orderBy('position').limit(1),
    )
    this.#deleteStatesBefore = database.query<{ roomNid: number; before: number; limit: number }>()((q, p) =>
      q
        .deleteFrom('room_states')
        .where('room_nid', '=', p.roomNid)
        .where('position', 'in', (eb) =>
          eb
            .selectFrom('room_states')
            .select('position')
            .where('room_nid', '=', p.roomNid)
            .where('position', '<', p.before)
            .orderBy('position')
            .limit(p.limit),
        ),
    )
    this.#statesAfter = database.query<{ roomNid: number; after: number; limit: number }>({ scan: true })((q, p) =>
      q
        .selectFrom('room_states')
        .select(['position', 'root'])
        .where('room_nid', '=', p.roomNid)
        .where('position', '>', p.after)
        .orderBy('position')
        .limit(p.limit),
    )
    this.#setPublished = database.query<{ roomNid: number; isPublished: number }>()((q, p) =>
      q.updateTable('rooms').set({ is_published: p.isPublished }).where('room_nid', '=', p.roomNid),
    )
    this.#isPublished = database.query<{ roomNid: number }>()((q, p) =>
      q.selectFrom('rooms').select('is_published').where('room_nid', '=', p.roomNid),
    )
    this.#published = database.query<Record<never, never>>({ scan: true })((q) =>
      q
        .selectFrom('rooms')
        .innerJoin('room_heads', 'room_heads.room_nid', 'rooms.room_nid')
        .select('rooms.room_nid')
        .where('rooms.is_published', '=', 1)
        .orderBy('room_heads.joined_members', 'desc')
        .orderBy('rooms.room_nid'),
    )
  }

  /** A room by its ID. */
  async find(roomId: string): Promise<RoomRow | undefined> {
    return toRoomRow(await this.#database.first(this.#find, { roomId }))
  }

  /** A room by its number. */
  async findByNid(roomNid: number): Promise<RoomRow | undefined> {
    return toRoomRow(await this.#database.first(this.#findByNid, { roomNid }))
  }

  /** Makes a room known; refused under the guard `room` when its ID is taken. */
  insertRoom(room: {
    roomNid: number
    roomId: RoomId
    version: string
    creatorNid: number
    createdTs: number
  }): BoundWrite {
    return bind(this.#insertRoom, room, { guard: 'room' })
  }

  /** The first head of a new room. */
  insertHead(roomNid: number, head: HeadRow, position: Parameter<number>): BoundWrite {
    return bind(this.#insertHead, { roomNid, ...headParameters(head), position })
  }

  /**
   * Replaces the head built upon `expected`; refused under the guard `head` when another writer was first. The version
   * alone would not tell: it may be that of another writer's event, made while the one built upon was refused.
   * @param position of the newest timeline event; left out when none joins the room.
   */
  advanceHead(roomNid: number, expected: HeadRow, head: HeadRow, position: Parameter<number> | undefined): BoundWrite {
    const { version: expectedVersion, forwardExtremities: expectedExtremities } = headParameters(expected)
    const parameters = { roomNid, expectedVersion, expectedExtremities, ...headParameters(head) }
    return position === undefined
      ? bind(this.#advanceQuietly, parameters, { guard: 'head' })
      : bind(this.#advance, { ...parameters, position }, { guard: 'head' })
  }

  /** Records that the room's current state is `root` from a position on. */
  insertState(roomNid: number, position: Parameter<number>, root: number): BoundWrite {
    return bind(this.#insertState, { roomNid, position, root })
  }

  /** The room's current state as of a position; undefined before the room was known. */
  async rootAt(roomNid: number, position: number): Promise<number | undefined> {
    const row = await this.#database.first(this.#rootAt, { roomNid, position })
    return row?.root
  }

  /** The newest changes of the room's current state in a span of positions `(after, upTo]`, newest first. */
  async rootsBetween(
    roomNid: number,
    span: { readonly after: number; readonly upTo: number },
    limit: number,
  ): Promise<{ position: number; root: number }[]> {
    return this.#database.all(this.#rootsBetween, { roomNid, ...span, limit })
  }

  /** Since which position the state of a position has been the room's; undefined before the room was known. */
  async statePositionAt(roomNid: number, position: number): Promise<number | undefined> {
    return (await this.#database.first(this.#statePositionAt, { roomNid, position }))?.position
  }

  /** The first position at which the room's state is known. */
  async oldestStatePosition(roomNid: number): Promise<number | undefined> {
    return (await this.#database.first(this.#oldestStatePosition, { roomNid }))?.position
  }

  /** Forgets which state the room had before a position: the oldest `limit` of those that are known. */
  deleteStatesBefore(roomNid: number, before: number, limit: number): BoundWrite {
    return bind(this.#deleteStatesBefore, { roomNid, before, limit })
  }

  /** The room's states after a position, oldest first, beside the main thread. */
  async statesAfter(roomNid: number, after: number, limit: number): Promise<{ position: number; root: number }[]> {
    return this.#database.scan(this.#statesAfter, { roomNid, after, limit })
  }

  /** Lists the room in this server's directory, or takes it out. */
  setPublished(roomNid: number, isPublished: boolean): BoundWrite {
    return bind(this.#setPublished, { roomNid, isPublished: isPublished ? 1 : 0 })
  }

  /** Whether the room is listed in this server's directory. */
  async isPublished(roomNid: number): Promise<boolean> {
    const row = await this.#database.first(this.#isPublished, { roomNid })
    return row?.is_published === 1
  }

  /** Numbers of the rooms listed in this server's directory, the largest first. */
  async published(): Promise<number[]> {
    const rows = await this.#database.scan(this.#published, {})
    return rows.map((row) => row.room_nid)
  }
}

/** What replaces a room's head, and the one that it has to find. */
interface HeadAdvance {
  readonly roomNid: number
  readonly expectedVersion: number
  readonly expectedExtremities: string
  readonly version: number
  readonly forwardExtremities: string
  readonly stateRoot: number
  readonly nextChunk: number
  readonly depth: number
  readonly joinedMembers: number
  readonly invitedMembers: number
}

/** @param position left out where the newest timeline event stays what it is. */
function advanceWith(q: QueryCreator<Schema>, p: HeadAdvance, position: number | undefined) {
  return q
    .updateTable('room_heads')
    .set({
      version: p.version,
      forward_extremities: p.forwardExtremities,
      state_root: p.stateRoot,
      next_chunk: p.nextChunk,
      depth: p.depth,
      ...(position !== undefined && { position }),
      joined_members: p.joinedMembers,
      invited_members: p.invitedMembers,
    })
    .where('room_nid', '=', p.roomNid)
    .where('version', '=', p.expectedVersion)
    .where('forward_extremities', '=', p.expectedExtremities)
}

function headParameters(head: HeadRow) {
  return {
    version: head.version,
    forwardExtremities: JSON.stringify(head.forwardExtremities.map(({ eventNid, eventId }) => [eventNid, eventId])),
    stateRoot: head.stateRoot,
    nextChunk: head.nextChunk,
    depth: head.depth,
    joinedMembers: head.joinedMembers,
    invitedMembers: head.invitedMembers,
  }
}

interface SelectedRoom {
  room_nid: number
  room_id: string
  room_version: string
  head_version: number
  forward_extremities: string
  state_root: number
  next_chunk: number
  depth: number
  position: number
  joined_members: number
  invited_members: number
}

function toRoomRow(row: SelectedRoom | undefined): RoomRow | undefined {
  if (row === undefined) return undefined
  return {
    roomNid: row.room_nid,
    roomId: parseRoomId(row.room_id),
    version: row.room_version,
    position: row.position,
    head: {
      version: row.head_version,
      forwardExtremities: parseExtremities(row.forward_extremities),
      stateRoot: row.state_root,
      nextChunk: row.next_chunk,
      depth: row.depth,
      joinedMembers: row.joined_members,
      invitedMembers: row.invited_members,
    },
  }
}

function parseExtremities(text: string): ForwardExtremity[] {
  const pairs: unknown = JSON.parse(text)
  if (!Array.isArray(pairs)) throw new Error('forward extremities are not a list')
  return pairs.map((pair: unknown) => {
    if (!Array.isArray(pair)) throw new Error('a forward extremity is not a pair')
    const [eventNid, eventId]: unknown[] = pair
    if (typeof eventNid !== 'number' || typeof eventId !== 'string') throw new Error('a forward extremity is malformed')
    return { eventNid, eventId: parseEventId(eventId) }
  })
}
