import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Rooms that nobody of this server may enter, known or not. */
export class BlockedRoomStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #insert
  readonly #delete

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ roomId: string }>()((q, p) =>
      q.selectFrom('blocked_rooms').select('blocked_by').where('room_id', '=', p.roomId),
    )
    this.#insert = database.query<{ roomId: string; blockedBy: string; blockedTs: number }>()((q, p) =>
      q
        .insertInto('blocked_rooms')
        .values({ room_id: p.roomId, blocked_by: p.blockedBy, blocked_ts: p.blockedTs })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#delete = database.query<{ roomId: string }>()((q, p) =>
      q.deleteFrom('blocked_rooms').where('room_id', '=', p.roomId),
    )
  }

  /** Who has blocked a room. */
  async blockedBy(roomId: string): Promise<string | undefined> {
    return (await this.#database.first(this.#find, { roomId }))?.blocked_by
  }

  /** Blocks a room; it stays the first one's doing. */
  insert(roomId: string, blockedBy: string, blockedTs: number): BoundWrite {
    return bind(this.#insert, { roomId, blockedBy, blockedTs })
  }

  /** Lets a room be entered again. */
  delete(roomId: string): BoundWrite {
    return bind(this.#delete, { roomId })
  }
}
