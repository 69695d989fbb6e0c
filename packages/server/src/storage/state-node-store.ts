import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind, inList } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Packed nodes of the rooms' state trees, in chunks: the nodes one change made. */
export class StateNodeStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #insert

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
}
