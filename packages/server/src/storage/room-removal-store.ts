import { sql } from 'kysely'
import type { BoundWrite, Database, Query } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Everything that belongs to a room: its rows go with it. */
const TABLES_OF_ROOMS: readonly RoomTable[] = [
  { table: 'events', key: ['event_nid'], where: 'status = 0' },
  { table: 'events', key: ['event_nid'], where: 'status <> 0' },
  { table: 'redacted_events', key: ['event_nid'] },
  { table: 'redactions', key: ['room_nid', 'redacts_event_id', 'event_nid'] },
  { table: 'room_states', key: ['room_nid', 'position'] },
  { table: 'state_nodes', key: ['room_nid', 'chunk_id'] },
  { table: 'state_resets', key: ['room_nid', 'position', 'type', 'state_key'] },
  { table: 'backward_extremities', key: ['room_nid', 'event_id'] },
  { table: 'auth_cover', key: ['room_nid'] },
  { table: 'auth_edges', key: ['room_nid', 'cited_nid', 'citing_nid'] },
  { table: 'auth_chains', key: ['room_nid', 'chain_id', 'seq'] },
  { table: 'auth_chain_links', key: ['room_nid', 'origin_chain', 'origin_seq', 'target_chain'] },
  { table: 'memberships', key: ['room_nid', 'user_nid'] },
  { table: 'joined_servers', key: ['room_nid', 'server_name'] },
  { table: 'room_aliases', key: ['alias'] },
  { table: 'auth_edges', key: ['room_nid', 'cited_nid', 'citing_nid'] },
  { table: 'auth_chains', key: ['room_nid', 'chain_id', 'seq'] },
  { table: 'auth_chain_links', key: ['room_nid', 'origin_chain', 'origin_seq', 'target_chain'] },
  { table: 'auth_cover', key: ['room_nid'] },
  { table: 'unread_counters', key: ['room_nid', 'position'] },
  { table: 'unread_deviations', key: ['user_nid', 'room_nid', 'position'] },
  { table: 'read_positions', key: ['user_nid', 'room_nid', 'thread'] },
  { table: 'receipts', key: ['room_nid', 'user_nid', 'receipt_type', 'thread'] },
  { table: 'account_data', key: ['user_nid', 'room_nid', 'type'], where: 'room_nid <> 0' },
]

/**
 * Tables with a column of that name which need no deleting: the room itself goes first and last, and the log of changes
 * holds nothing but numbers, for a while.
 */
export const KEPT_TABLES: readonly (keyof Schema)[] = ['rooms', 'room_heads', 'changes']

/** A table whose rows belong to a room each. */
interface RoomTable {
  readonly table: keyof Schema
  readonly key: readonly string[]
  /** Which of the room's rows an index finds. */
  readonly where?: string
}

/** Deletes whole rooms, a few rows of each table at a time. */
export class RoomRemovalStore {
  readonly #deleteSome: readonly Query<{ roomNid: number; limit: number }, unknown>[]
  readonly #deleteHead
  readonly #deleteRoom

  constructor(database: Database<Schema>) {
    this.#deleteSome = TABLES_OF_ROOMS.map(({ table, key, where }) =>
      database.query<{ roomNid: number; limit: number }>()((_, p) => {
        const columns = sql.join(key.map((column) => sql.ref(column)))
        const condition = where === undefined ? sql`` : sql` and ${sql.raw(where)}`
        return sql`
          delete from ${sql.table(table)} where (${columns}) in
            (select ${columns} from ${sql.table(table)} where room_nid = ${p.roomNid}${condition} limit ${p.limit})`
      }),
    )
    this.#deleteHead = database.query<{ roomNid: number }>()((q, p) =>
      q.deleteFrom('room_heads').where('room_nid', '=', p.roomNid),
    )
    this.#deleteRoom = database.query<{ roomNid: number }>()((q, p) =>
      q.deleteFrom('rooms').where('room_nid', '=', p.roomNid),
    )
  }

  /** The tables that `deleteSome` looks at. */
  get tables(): ReadonlySet<string> {
    return new Set(TABLES_OF_ROOMS.map(({ table }) => table))
  }

  /** The room is no longer known to anybody; refused under the guard `head` when it is not already. */
  deleteHead(roomNid: number): BoundWrite {
    return bind(this.#deleteHead, { roomNid }, { guard: 'head' })
  }

  /** Deletes at most `perTable` of the rows that each table has of a room. */
  deleteSome(roomNid: number, perTable: number): BoundWrite[] {
    return this.#deleteSome.map((query) => bind(query, { roomNid, limit: perTable }))
  }

  /** Deletes the room itself: its ID may be used again. */
  deleteRoom(roomNid: number): BoundWrite {
    return bind(this.#deleteRoom, { roomNid })
  }
}
