import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind, inList } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Rows of one page of a check. */
export const CHECK_PAGE = 500

/** A row of `events` as it stands, whatever it says. */
export interface RawEvent {
  readonly event_nid: number
  readonly event_id: string
  readonly room_nid: number
  readonly position: number | null
  readonly depth: number
  readonly type: string
  readonly state_key: string | null
  readonly status: number
  readonly state_before: number | null
  readonly state_after: number | null
  readonly redacted_by: number | null
  readonly json: string
  /** Null where the room or the sender is not known. */
  readonly room_id: string | null
  readonly room_version: string | null
  readonly sender: string | null
}

/** A row of `room_heads` with its room. */
export interface RawRoom {
  readonly room_nid: number
  readonly room_id: string
  readonly version: string
  readonly forward_extremities: string | null
  readonly state_root: number | null
  readonly next_chunk: number | null
  readonly depth: number | null
  readonly position: number | null
  readonly joined_members: number | null
  readonly invited_members: number | null
}

/** Rows of a table that belong to nothing. */
export interface OrphanedRows {
  readonly table: string
  readonly what: string
  readonly count: number
}

/** Tables whose rows belong to a room. */
const OF_ROOMS = [
  'room_heads',
  'room_states',
  'state_nodes',
  'redactions',
  'redacted_events',
  'unread_counters',
  'unread_deviations',
  'read_positions',
  'receipts',
  'memberships',
  'joined_servers',
  'room_aliases',
  'backward_extremities',
  'state_resets',
  'auth_edges',
  'auth_chains',
  'auth_chain_links',
  'auth_cover',
] as const

/** Of those, the tables of what is derived: their rows may go. */
const DERIVED = new Set<string>([
  'memberships',
  'joined_servers',
  'redactions',
  'auth_edges',
  'auth_chains',
  'auth_chain_links',
  'auth_cover',
])

/**
 * Reads what a check of the database compares, page by page and as it stands, and writes what a repair corrects. The
 * one store that looks across all tables: it must not rely on what the others take for granted.
 */
export class CheckStore {
  readonly #database: Database<Schema>
  readonly #events
  readonly #rooms
  readonly #graphPage
  readonly #roomStates
  readonly #memberships
  readonly #membershipsOf
  readonly #joinedServers
  readonly #backward
  readonly #redactions
  readonly #changesAt
  readonly #changeSpan
  readonly #streamPosition
  readonly #numbers
  readonly #greatest
  readonly #chains
  readonly #greatestChunk
  readonly #userNumbers
  readonly #orphans
  readonly #deleteOrphans
  readonly #setMembership
  readonly #deleteMembership
  readonly #setServer
  readonly #setCounts
  readonly #setRedactedBy
  readonly #insertRedaction

  constructor(database: Database<Schema>) {
    this.#database = database
    const scan = { scan: true }
    this.#events = database.query<{ after: number; limit: number }>(scan)((q, p) =>
      q
        .selectFrom('events')
        .leftJoin('rooms', 'rooms.room_nid', 'events.room_nid')
        .leftJoin('users', 'users.user_nid', 'events.sender_nid')
        .select([
          'events.event_nid',
          'events.event_id',
          'events.room_nid',
          'events.position',
          'events.depth',
          'events.type',
          'events.state_key',
          'events.status',
          'events.state_before',
          'events.state_after',
          'events.redacted_by',
          'events.json',
          'rooms.room_id',
          'rooms.version as room_version',
          'users.user_id as sender',
        ])
        .where('events.event_nid', '>', p.after)
        .orderBy('events.event_nid')
        .limit(p.limit),
    )
    this.#rooms = database.query<{ after: number; limit: number }>(scan)((q, p) =>
      q
        .selectFrom('rooms')
        .leftJoin('room_heads', 'room_heads.room_nid', 'rooms.room_nid')
        .select([
          'rooms.room_nid',
          'rooms.room_id',
          'rooms.version',
          'room_heads.forward_extremities',
          'room_heads.state_root',
          'room_heads.next_chunk',
          'room_heads.depth',
          'room_heads.position',
          'room_heads.joined_members',
          'room_heads.invited_members',
        ])
        .where('rooms.room_nid', '>', p.after)
        .orderBy('rooms.room_nid')
        .limit(p.limit),
    )
    this.#graphPage = database.query<{ roomNid: number; depth: number; eventNid: number; limit: number }>(scan)(
      (q, p) =>
        q
          .selectFrom('events')
          .select(['event_nid', 'event_id', 'depth', 'position', 'json'])
          .where('room_nid', '=', p.roomNid)
          .where('status', '=', 0)
          .where(({ eb, refTuple, tuple }) => eb(refTuple('depth', 'event_nid'), '<', tuple(p.depth, p.eventNid)))
          .orderBy('depth', 'desc')
          .orderBy('event_nid', 'desc')
          .limit(p.limit),
    )
    this.#roomStates = database.query<{ roomNid: number; after: number; limit: number }>(scan)((q, p) =>
      q
        .selectFrom('room_states')
        .select(['position', 'root'])
        .where('room_nid', '=', p.roomNid)
        .where('position', '>', p.after)
        .orderBy('position')
        .limit(p.limit),
    )
    this.#memberships = database.query<{ roomNid: number; after: number; limit: number }>(scan)((q, p) =>
      q
        .selectFrom('memberships')
        .leftJoin('users', 'users.user_nid', 'memberships.user_nid')
        .select([
          'memberships.user_nid',
          'memberships.membership',
          'memberships.event_nid',
          'memberships.is_local',
          'users.user_id',
        ])
        .where('memberships.room_nid', '=', p.roomNid)
        .where('memberships.user_nid', '>', p.after)
        .orderBy('memberships.user_nid')
        .limit(p.limit),
    )
    this.#membershipsOf = database.query<{ roomNid: number; userNids: readonly number[] }>(scan)((q, p) =>
      q
        .selectFrom('memberships')
        .select(['user_nid', 'membership', 'event_nid', 'is_local'])
        .where('room_nid', '=', p.roomNid)
        .where(inList('user_nid', p.userNids)),
    )
    this.#joinedServers = database.query<{ roomNid: number }>(scan)((q, p) =>
      q
        .selectFrom('joined_servers')
        .select(['server_name', 'joined_members', 'left_position'])
        .where('room_nid', '=', p.roomNid),
    )
    this.#backward = database.query<{ roomNid: number }>(scan)((q, p) =>
      q.selectFrom('backward_extremities').select(['event_id', 'depth']).where('room_nid', '=', p.roomNid),
    )
    this.#redactions = database.query<{ room: number; event: string; nid: number; limit: number }>(scan)((q, p) =>
      q
        .selectFrom('redactions')
        .select(['room_nid', 'redacts_event_id', 'event_nid'])
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('room_nid', 'redacts_event_id', 'event_nid'), '>', tuple(p.room, p.event, p.nid)),
        )
        .orderBy('room_nid')
        .orderBy('redacts_event_id')
        .orderBy('event_nid')
        .limit(p.limit),
    )
    this.#changesAt = database.query<{ positions: readonly number[] }>(scan)((q, p) =>
      q.selectFrom('changes').select(['position', 'kind', 'ref']).where(inList('position', p.positions)),
    )
    this.#changeSpan = database.query(scan)((q) =>
      q
        .selectFrom('changes')
        .select(({ fn }) => [
          fn.countAll<number>().as('rows'),
          fn.min<number | null>('position').as('first'),
          fn.max<number | null>('position').as('last'),
        ]),
    )
    this.#streamPosition = database.query()((q) => q.selectFrom('stream').select('position').where('id', '=', 1))
    this.#numbers = database.query(scan)((q) => q.selectFrom('numbers').select(['kind', 'next']))
    this.#greatest = {
      event: database.query(scan)((q) =>
        q.selectFrom('events').select(({ fn }) => fn.max<number | null>('event_nid').as('nid')),
      ),
      room: database.query(scan)((q) =>
        q.selectFrom('rooms').select(({ fn }) => fn.max<number | null>('room_nid').as('nid')),
      ),
      user: database.query(scan)((q) =>
        q.selectFrom('users').select(({ fn }) => fn.max<number | null>('user_nid').as('nid')),
      ),
    }
    this.#chains = database.query<{ roomNid: number; chain: number; seq: number; limit: number }>(scan)((q, p) =>
      q
        .selectFrom('auth_chains')
        .select(['chain_id', 'seq', 'event_nid', 'depth'])
        .where('room_nid', '=', p.roomNid)
        .where(({ eb, refTuple, tuple }) => eb(refTuple('chain_id', 'seq'), '>', tuple(p.chain, p.seq)))
        .orderBy('chain_id')
        .orderBy('seq')
        .limit(p.limit),
    )
    this.#greatestChunk = database.query<{ roomNid: number }>(scan)((q, p) =>
      q
        .selectFrom('state_nodes')
        .select(({ fn }) => fn.max<number | null>('chunk_id').as('chunk'))
        .where('room_nid', '=', p.roomNid),
    )
    this.#userNumbers = database.query<{ userIds: readonly string[] }>(scan)((q, p) =>
      q.selectFrom('users').select(['user_id', 'user_nid']).where(inList('user_id', p.userIds)),
    )
    this.#orphans = OF_ROOMS.map((table) => ({
      table,
      query: database.query(scan)((q) =>
        q
          .selectFrom(table)
          .select(({ fn }) => fn.countAll<number>().as('rows'))
          .where(`${table}.room_nid`, 'not in', (eb) => eb.selectFrom('rooms').select('rooms.room_nid')),
      ),
    }))
    this.#deleteOrphans = new Map(
      OF_ROOMS.map((table) => [
        table as string,
        database.query(scan)((q) =>
          q
            .deleteFrom(table)
            .where(`${table}.room_nid`, 'not in', (eb) => eb.selectFrom('rooms').select('rooms.room_nid')),
        ),
      ]),
    )
    this.#setMembership = database.query<{
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
            is_local: eb.ref('excluded.is_local'),
          })),
        ),
    )
    this.#deleteMembership = database.query<{ roomNid: number; userNid: number }>()((q, p) =>
      q.deleteFrom('memberships').where('room_nid', '=', p.roomNid).where('user_nid', '=', p.userNid),
    )
    this.#setServer = database.query<{
      roomNid: number
      serverName: string
      joined: number
      leftPosition: number | null
    }>()((q, p) =>
      q
        .insertInto('joined_servers')
        .values({
          room_nid: p.roomNid,
          server_name: p.serverName,
          joined_members: p.joined,
          left_position: p.leftPosition,
        })
        .onConflict((conflict) =>
          conflict.columns(['room_nid', 'server_name']).doUpdateSet((eb) => ({
            joined_members: eb.ref('excluded.joined_members'),
            left_position: eb.ref('excluded.left_position'),
          })),
        ),
    )
    this.#setCounts = database.query<{ roomNid: number; joined: number; invited: number }>()((q, p) =>
      q
        .updateTable('room_heads')
        .set({ joined_members: p.joined, invited_members: p.invited })
        .where('room_nid', '=', p.roomNid),
    )
    this.#setRedactedBy = database.query<{ eventNid: number; redactedBy: number | null }>()((q, p) =>
      q.updateTable('events').set({ redacted_by: p.redactedBy }).where('event_nid', '=', p.eventNid),
    )
    this.#insertRedaction = database.query<{ roomNid: number; redacts: string; eventNid: number }>()((q, p) =>
      q
        .insertInto('redactions')
        .values({ room_nid: p.roomNid, redacts_event_id: p.redacts, event_nid: p.eventNid })
        .onConflict((conflict) => conflict.doNothing()),
    )
  }

  /** Events after a number, in order of their numbers. */
  events(after: number): Promise<RawEvent[]> {
    return this.#database.scan(this.#events, { after, limit: CHECK_PAGE })
  }

  /** Rooms after a number, with their heads. */
  rooms(after: number): Promise<RawRoom[]> {
    return this.#database.scan(this.#rooms, { after, limit: CHECK_PAGE })
  }

  /** Accepted events of a room before a place in its order, the deepest first. */
  acceptedBefore(roomNid: number, depth: number, eventNid: number) {
    return this.#database.scan(this.#graphPage, { roomNid, depth, eventNid, limit: CHECK_PAGE })
  }

  /** The room's states after a position. */
  roomStates(roomNid: number, after: number) {
    return this.#database.scan(this.#roomStates, { roomNid, after, limit: CHECK_PAGE })
  }

  /** The room's memberships after a user's number. */
  memberships(roomNid: number, after: number) {
    return this.#database.scan(this.#memberships, { roomNid, after, limit: CHECK_PAGE })
  }

  /** Memberships of some users in a room, by their numbers. */
  async membershipsOf(roomNid: number, userNids: readonly number[]) {
    const rows = await this.#database.scan(this.#membershipsOf, { roomNid, userNids })
    return new Map(rows.map((row) => [row.user_nid, row]))
  }

  /** The room's servers. */
  joinedServers(roomNid: number) {
    return this.#database.scan(this.#joinedServers, { roomNid })
  }

  /** The room's backward extremities. */
  backwardExtremities(roomNid: number) {
    return this.#database.scan(this.#backward, { roomNid })
  }

  /** Redactions after one, in order. */
  redactions(after: { readonly room: number; readonly event: string; readonly nid: number }) {
    return this.#database.scan(this.#redactions, { ...after, limit: CHECK_PAGE })
  }

  /** What stands at some positions of the log. */
  changesAt(positions: readonly number[]) {
    return this.#database.scan(this.#changesAt, { positions })
  }

  /** How many changes there are, and between which positions. */
  async changeSpan(): Promise<{ rows: number; first: number | null; last: number | null }> {
    const [span] = await this.#database.scan(this.#changeSpan, {})
    return span ?? { rows: 0, first: null, last: null }
  }

  /** The position of the newest commit, as stored. */
  async streamPosition(): Promise<number | undefined> {
    return (await this.#database.first(this.#streamPosition, {}))?.position
  }

  /** For each kind of numbers the next one, and the greatest that is in use. */
  async numbers(): Promise<{ kind: string; next: number; greatest: number }[]> {
    const rows = await this.#database.scan(this.#numbers, {})
    const found = []
    for (const kind of ['event', 'room', 'user'] as const) {
      const [greatest] = await this.#database.scan(this.#greatest[kind], {})
      const next = rows.find((row) => row.kind === kind)?.next ?? 0
      found.push({ kind, next, greatest: greatest?.nid ?? 0 })
    }
    return found
  }

  /** Places of a room's chains after one, in order. */
  chains(roomNid: number, chain: number, seq: number) {
    return this.#database.scan(this.#chains, { roomNid, chain, seq, limit: CHECK_PAGE })
  }

  /** The greatest chunk ID of a room's state tree. */
  async greatestChunk(roomNid: number): Promise<number> {
    const [row] = await this.#database.scan(this.#greatestChunk, { roomNid })
    return row?.chunk ?? 0
  }

  /** Numbers of users. */
  async userNumbers(userIds: readonly string[]): Promise<Map<string, number>> {
    const rows = await this.#database.scan(this.#userNumbers, { userIds })
    return new Map(rows.map((row) => [row.user_id, row.user_nid]))
  }

  /** Rows of rooms that do not exist. */
  async orphans(): Promise<(OrphanedRows & { readonly isDerived: boolean })[]> {
    const found = []
    for (const { table, query } of this.#orphans) {
      const [row] = await this.#database.scan(query, {})
      const count = row?.rows ?? 0
      if (count > 0) found.push({ table, what: 'rooms', count, isDerived: DERIVED.has(table) })
    }
    return found
  }

  /** Removes a table's rows of rooms that do not exist. */
  deleteOrphans(table: string): BoundWrite[] {
    const query = this.#deleteOrphans.get(table)
    return query === undefined ? [] : [bind(query, {})]
  }

  /** Sets a membership. */
  setMembership(row: {
    roomNid: number
    userNid: number
    membership: string
    eventNid: number
    position: number
    isLocal: boolean
  }): BoundWrite {
    return bind(this.#setMembership, { ...row, isLocal: row.isLocal ? 1 : 0 })
  }

  /** Removes a membership. */
  deleteMembership(roomNid: number, userNid: number): BoundWrite {
    return bind(this.#deleteMembership, { roomNid, userNid })
  }

  /** Sets how many members a server has in a room. */
  setServer(roomNid: number, serverName: string, joined: number, leftPosition: number | null): BoundWrite {
    return bind(this.#setServer, { roomNid, serverName, joined, leftPosition })
  }

  /** Sets how many members a room has. */
  setCounts(roomNid: number, joined: number, invited: number): BoundWrite {
    return bind(this.#setCounts, { roomNid, joined, invited })
  }

  /** Sets which redaction applies to an event. */
  setRedactedBy(eventNid: number, redactedBy: number | null): BoundWrite {
    return bind(this.#setRedactedBy, { eventNid, redactedBy })
  }

  /** Records what a redaction is about. */
  insertRedaction(roomNid: number, redacts: string, eventNid: number): BoundWrite {
    return bind(this.#insertRedaction, { roomNid, redacts, eventNid })
  }
}
