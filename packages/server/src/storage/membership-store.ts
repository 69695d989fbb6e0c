import { parseRoomId, parseUserId, type RoomId, type UserId } from '@magik/protocol'
import type { BoundWrite, Database, Parameter } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** A user's present membership in a room. */
export interface MembershipRow {
  readonly roomNid: number
  readonly userNid: number
  readonly membership: string
  readonly eventNid: number
  /** Position at which the membership came into force. */
  readonly position: number
  readonly isForgotten: boolean
}

/** How many members may be named as heroes, and one more for the reader who is left out. */
const HERO_CANDIDATES = 6

/** Deleted rooms of which a user is told at most. */
const MAX_DEPARTURES = 100

/** Each user's present membership in each room: a projection of the rooms' current state. */
export class MembershipStore {
  readonly #database: Database<Schema>
  readonly #ofUser
  readonly #joinedRoomIds
  readonly #one
  readonly #byRoom
  readonly #joinedUserIds
  readonly #candidates
  readonly #localMembers
  readonly #changedSince
  readonly #localAfter
  readonly #anyLocal
  readonly #insertDeparture
  readonly #departures
  readonly #upsert
  readonly #forget
  readonly #addServerMembers
  readonly #markServerLeft

  constructor(database: Database<Schema>) {
    this.#database = database
    const columns = ['room_nid', 'user_nid', 'membership', 'event_nid', 'position', 'is_forgotten'] as const
    this.#ofUser = database.query<{ userNid: number }>({ scan: true })((q, p) =>
      q.selectFrom('memberships').select(columns).where('user_nid', '=', p.userNid),
    )
    this.#joinedRoomIds = database.query<{ userNid: number }>({ scan: true })((q, p) =>
      q
        .selectFrom('memberships')
        .innerJoin('rooms', 'rooms.room_nid', 'memberships.room_nid')
        .select('rooms.room_id')
        .where('memberships.user_nid', '=', p.userNid)
        .where('memberships.membership', '=', 'join'),
    )
    this.#one = database.query<{ roomNid: number; userNid: number }>()((q, p) =>
      q.selectFrom('memberships').select(columns).where('room_nid', '=', p.roomNid).where('user_nid', '=', p.userNid),
    )
    this.#byRoom = database.query<{ roomNid: number; membership: string }>({ scan: true })((q, p) =>
      q
        .selectFrom('memberships')
        .select(columns)
        .where('room_nid', '=', p.roomNid)
        .where('membership', '=', p.membership),
    )
    this.#joinedUserIds = database.query<{ roomNid: number; membership: string }>({ scan: true })((q, p) =>
      q
        .selectFrom('memberships')
        .innerJoin('users', 'users.user_nid', 'memberships.user_nid')
        .select(['users.user_id', 'memberships.event_nid'])
        .where('memberships.room_nid', '=', p.roomNid)
        .where('memberships.membership', '=', p.membership),
    )
    this.#candidates = database.query<{ roomNid: number; membership: string; limit: number }>()((q, p) =>
      q
        .selectFrom('memberships')
        .innerJoin('users', 'users.user_nid', 'memberships.user_nid')
        .select(['users.user_id', 'memberships.event_nid'])
        .where('memberships.room_nid', '=', p.roomNid)
        .where('memberships.membership', '=', p.membership)
        .orderBy('memberships.position')
        .limit(p.limit),
    )
    this.#localMembers = database.query<{ roomNid: number; limit: number }>()((q, p) =>
      q
        .selectFrom('memberships')
        .innerJoin('users', 'users.user_nid', 'memberships.user_nid')
        .select('users.user_id')
        .where('memberships.room_nid', '=', p.roomNid)
        .where('memberships.membership', '=', 'join')
        .where('memberships.is_local', '=', 1)
        .orderBy('memberships.position')
        .limit(p.limit),
    )
    this.#changedSince = database.query<{ userNid: number; since: number }>({ scan: true })((q, p) =>
      q
        .selectFrom('memberships')
        .innerJoin('room_heads', 'room_heads.room_nid', 'memberships.room_nid')
        .select('memberships.room_nid')
        .where('memberships.user_nid', '=', p.userNid)
        .where(({ eb, or, and }) =>
          or([
            eb('memberships.position', '>', p.since),
            and([eb('memberships.membership', '=', 'join'), eb('room_heads.position', '>', p.since)]),
          ]),
        )
        .union(
          q
            .selectFrom('account_data')
            .select('room_nid')
            .where('user_nid', '=', p.userNid)
            .where('position', '>', p.since),
        )
        .union(
          q
            .selectFrom('memberships')
            .innerJoin('receipts', 'receipts.room_nid', 'memberships.room_nid')
            .select('memberships.room_nid')
            .where('memberships.user_nid', '=', p.userNid)
            .where('memberships.membership', '=', 'join')
            .where('receipts.position', '>', p.since),
        ),
    )
    this.#localAfter = database.query<{ roomNid: number; after: number; limit: number }>({ scan: true })((q, p) =>
      q
        .selectFrom('memberships')
        .innerJoin('users', 'users.user_nid', 'memberships.user_nid')
        .select(['users.user_id', 'memberships.user_nid', 'memberships.membership'])
        .where('memberships.room_nid', '=', p.roomNid)
        .where('memberships.user_nid', '>', p.after)
        .where('memberships.membership', 'in', ['join', 'invite', 'knock'])
        .where('memberships.is_local', '=', 1)
        .orderBy('memberships.user_nid')
        .limit(p.limit),
    )
    this.#anyLocal = database.query<{ roomNid: number }>({ scan: true })((q, p) =>
      q
        .selectFrom('memberships')
        .select('user_nid')
        .where('room_nid', '=', p.roomNid)
        .where('membership', '=', 'join')
        .where('is_local', '=', 1)
        .limit(1),
    )
    this.#insertDeparture = database.query<{ userNid: number; position: number; roomId: string }>()((q, p) =>
      q
        .insertInto('departures')
        .values({ user_nid: p.userNid, position: p.position, room_id: p.roomId })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#departures = database.query<{ userNid: number; limit: number }>()((q, p) =>
      q
        .selectFrom('departures')
        .select(['room_id', 'position'])
        .where('user_nid', '=', p.userNid)
        .orderBy('position', 'desc')
        .limit(p.limit),
    )
    this.#upsert = database.query<{
      roomNid: number
      userNid: number
      membership: string
      eventNid: number
      position: number
      isLocal: number
    }>()((q, p) =>
      q
        .insertInto('memberships')
        .values({
          room_nid: p.roomNid,
          user_nid: p.userNid,
          membership: p.membership,
          event_nid: p.eventNid,
          position: p.position,
          is_local: p.isLocal,
          is_forgotten: 0,
        })
        .onConflict((conflict) =>
          conflict.columns(['room_nid', 'user_nid']).doUpdateSet((eb) => ({
            membership: eb.ref('excluded.membership'),
            event_nid: eb.ref('excluded.event_nid'),
            position: eb.ref('excluded.position'),
            is_forgotten: eb.ref('excluded.is_forgotten'),
          })),
        ),
    )
    this.#forget = database.query<{ roomNid: number; userNid: number }>()((q, p) =>
      q
        .updateTable('memberships')
        .set({ is_forgotten: 1 })
        .where('room_nid', '=', p.roomNid)
        .where('user_nid', '=', p.userNid)
        .where('membership', 'in', ['leave', 'ban']),
    )
    this.#addServerMembers = database.query<{ roomNid: number; serverName: string; change: number }>()((q, p) =>
      q
        .insertInto('joined_servers')
        .values({ room_nid: p.roomNid, server_name: p.serverName, joined_members: p.change, left_position: null })
        .onConflict((conflict) =>
          conflict.columns(['room_nid', 'server_name']).doUpdateSet((eb) => ({
            joined_members: eb('joined_servers.joined_members', '+', eb.ref('excluded.joined_members')),
            left_position: null,
          })),
        ),
    )
    this.#markServerLeft = database.query<{ roomNid: number; serverName: string; position: number }>()((q, p) =>
      q
        .updateTable('joined_servers')
        .set({ left_position: p.position })
        .where('room_nid', '=', p.roomNid)
        .where('server_name', '=', p.serverName)
        .where('joined_members', '=', 0),
    )
  }

  /** All rooms a user has to do with. */
  async ofUser(userNid: number): Promise<MembershipRow[]> {
    return (await this.#database.scan(this.#ofUser, { userNid })).map(toMembership)
  }

  /** The rooms a user is in. */
  async joinedRoomIds(userNid: number): Promise<RoomId[]> {
    const rows = await this.#database.scan(this.#joinedRoomIds, { userNid })
    return rows.map((row) => parseRoomId(row.room_id))
  }

  /** A user's membership in one room. */
  async find(roomNid: number, userNid: number): Promise<MembershipRow | undefined> {
    const row = await this.#database.first(this.#one, { roomNid, userNid })
    return row && toMembership(row)
  }

  /** Everybody with a given membership in a room. */
  async inRoom(roomNid: number, membership: string): Promise<MembershipRow[]> {
    return (await this.#database.scan(this.#byRoom, { roomNid, membership })).map(toMembership)
  }

  /** Everybody with a given membership in a room, by ID. */
  async userIdsInRoom(roomNid: number, membership: string): Promise<{ userId: UserId; eventNid: number }[]> {
    const rows = await this.#database.scan(this.#joinedUserIds, { roomNid, membership })
    return rows.map((row) => ({ userId: parseUserId(row.user_id), eventNid: row.event_nid }))
  }

  /** The first users, by time of their membership event, who may stand for a room that has no name. */
  async heroCandidates(roomNid: number, membership: string): Promise<{ userId: UserId; eventNid: number }[]> {
    const rows = await this.#database.all(this.#candidates, { roomNid, membership, limit: HERO_CANDIDATES })
    return rows.map((row) => ({ userId: parseUserId(row.user_id), eventNid: row.event_nid }))
  }

  /** Users of this server who are in a room, those longest there first. */
  async localMembers(roomNid: number, limit: number): Promise<UserId[]> {
    const rows = await this.#database.all(this.#localMembers, { roomNid, limit })
    return rows.map((row) => parseUserId(row.user_id))
  }

  /** Rooms in which something has changed for a user since a position. */
  async roomsChangedSince(userNid: number, since: number): Promise<number[]> {
    return (await this.#database.scan(this.#changedSince, { userNid, since })).map((row) => row.room_nid)
  }

  /** Users of this server who are in a room, invited to it or knock, by number. */
  async localMembersAfter(
    roomNid: number,
    after: number,
    limit: number,
  ): Promise<{ userId: UserId; userNid: number; membership: string }[]> {
    const rows = await this.#database.scan(this.#localAfter, { roomNid, after, limit })
    return rows.map((row) => ({
      userId: parseUserId(row.user_id),
      userNid: row.user_nid,
      membership: row.membership,
    }))
  }

  /** Keeps in mind that a user has been taken out of a room that will be deleted. */
  insertDeparture(userNid: number, position: number, roomId: RoomId): BoundWrite {
    return bind(this.#insertDeparture, { userNid, position, roomId })
  }

  /** The rooms that were deleted after a user had been taken out of them, the last hundred, and when that was. */
  async departuresOf(userNid: number): Promise<{ roomId: RoomId; position: number }[]> {
    const rows = await this.#database.all(this.#departures, { userNid, limit: MAX_DEPARTURES })
    return rows.map((row) => ({ roomId: parseRoomId(row.room_id), position: row.position }))
  }

  /** Whether a user of this server is in a room. */
  async hasLocalMembers(roomNid: number): Promise<boolean> {
    return (await this.#database.scan(this.#anyLocal, { roomNid })).length > 0
  }

  /** Sets a user's present membership. */
  upsert(membership: {
    roomNid: number
    userNid: number
    membership: string
    eventNid: number
    position: Parameter<number>
    isLocal: boolean
  }): BoundWrite {
    return bind(this.#upsert, { ...membership, isLocal: membership.isLocal ? 1 : 0 })
  }

  /** Hides a room that the user has left; refused under the guard `left` while the user has not. */
  forget(roomNid: number, userNid: number): BoundWrite {
    return bind(this.#forget, { roomNid, userNid }, { guard: 'left' })
  }

  /** Counts members of a server in or out of a room. */
  countServerMembers(change: {
    roomNid: number
    serverName: string
    change: 1 | -1
    position: Parameter<number>
  }): BoundWrite[] {
    const { roomNid, serverName, position } = change
    const count = bind(this.#addServerMembers, { roomNid, serverName, change: change.change })
    if (change.change === 1) return [count]
    return [count, bind(this.#markServerLeft, { roomNid, serverName, position })]
  }
}

interface SelectedMembership {
  room_nid: number
  user_nid: number
  membership: string
  event_nid: number
  position: number
  is_forgotten: number
}

function toMembership(row: SelectedMembership): MembershipRow {
  return {
    roomNid: row.room_nid,
    userNid: row.user_nid,
    membership: row.membership,
    eventNid: row.event_nid,
    position: row.position,
    isForgotten: row.is_forgotten !== 0,
  }
}
