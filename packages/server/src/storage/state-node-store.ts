import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind, inList } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Packed nodes of the rooms' state trees, in chunks: the nodes one change made. */
export class StateNodeStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #insert
  readonly #below
  readonly #from
  readonly #deleteRange

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ roomNid: number; chunkIds: readonly number[] }>()((q, p) =>
      q
        .selectFrom('state_nodes')
        .select(['chunk_id', 'bytes'])
        .where('room_nid', '=', p.roomNid)
        .where(inList('chunk_id', p.chunkIds)),
    )
    this.#insert = database.query<{ roomNid: number; chunkId: number; bytes: Uint8Array }>()((q, p) =>
      q.insertInto('state_nodes').values({ room_nid: p.roomNid, chunk_id: p.chunkId, bytes: p.bytes }),
    )
    this.#below = database.query<{ roomNid: number; below: number; limit: number }>()((q, p) =>
      q
        .selectFrom('state_nodes')
        .select(['chunk_id', 'bytes'])
        .where('room_nid', '=', p.roomNid)
        .where('chunk_id', '<', p.below)
        .orderBy('chunk_id', 'desc')
        .limit(p.limit),
    )
    this.#from = database.query<{ roomNid: number; from: number; limit: number }>()((q, p) =>
      q
        .selectFrom('state_nodes')
        .select(['chunk_id', 'bytes'])
        .where('room_nid', '=', p.roomNid)
        .where('chunk_id', '>=', p.from)
        .orderBy('chunk_id')
        .limit(p.limit),
    )
    this.#deleteRange = database.query<{ roomNid: number; from: number; to: number }>()((q, p) =>
      q
        .deleteFrom('state_nodes')
        .where('room_nid', '=', p.roomNid)
        .where('chunk_id', '>=', p.from)
        .where('chunk_id', '<=', p.to),
    )
  }

  /** Chunks of a room by their IDs, at most 100; those that do not exist are left out. */
  async getMany(roomNid: number, chunkIds: readonly number[]): Promise<Map<number, Uint8Array>> {
    const rows = await this.#database.all(this.#find, { roomNid, chunkIds })
    return new Map(rows.map((row) => [row.chunk_id, row.bytes]))
  }

  /** Adds a chunk. */
  insert(roomNid: number, chunkId: number, bytes: Uint8Array): BoundWrite {
    return bind(this.#insert, { roomNid, chunkId, bytes })
  }

  /** Chunks of a room below an ID, the highest first. @param limit at most 100 */
  async below(roomNid: number, below: number, limit: number): Promise<StateChunk[]> {
    return (await this.#database.all(this.#below, { roomNid, below, limit })).map(toChunk)
  }

  /** Chunks of a room from an ID on, the lowest first. @param limit at most 100 */
  async from(roomNid: number, from: number, limit: number): Promise<StateChunk[]> {
    return (await this.#database.all(this.#from, { roomNid, from, limit })).map(toChunk)
  }

  /** Deletes the chunks from one ID up to another. */
  deleteRange(roomNid: number, from: number, to: number): BoundWrite {
    return bind(this.#deleteRange, { roomNid, from, to })
  }
}

/** A row of the table, without its room. */
export interface StateChunk {
  readonly id: number
  readonly bytes: Uint8Array
}

function toChunk(row: { chunk_id: number; bytes: Uint8Array }): StateChunk {
  return { id: row.chunk_id, bytes: row.bytes }
}
