import { parseRoomAlias, type RoomAlias } from '@magik/protocol'
import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Names that this server gives to rooms. */
export class AliasStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #ofRoom
  readonly #insert
  readonly #delete
  readonly #moveAll
  readonly #deleteAll

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ alias: string }>()((q, p) =>
      q.selectFrom('room_aliases').select(['room_nid', 'creator_nid']).where('alias', '=', p.alias),
    )
    this.#ofRoom = database.query<{ roomNid: number }>()((q, p) =>
      q.selectFrom('room_aliases').select('alias').where('room_nid', '=', p.roomNid).orderBy('created_ts').limit(100),
    )
    this.#insert = database.query<{ alias: string; roomNid: number; creatorNid: number; createdTs: number }>()((q, p) =>
      q
        .insertInto('room_aliases')
        .values({ alias: p.alias, room_nid: p.roomNid, creator_nid: p.creatorNid, created_ts: p.createdTs })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#delete = database.query<{ alias: string }>()((q, p) =>
      q.deleteFrom('room_aliases').where('alias', '=', p.alias),
    )
    this.#moveAll = database.query<{ roomNid: number; newRoomNid: number }>()((q, p) =>
      q.updateTable('room_aliases').set({ room_nid: p.newRoomNid }).where('room_nid', '=', p.roomNid),
    )
    this.#deleteAll = database.query<{ roomNid: number }>()((q, p) =>
      q.deleteFrom('room_aliases').where('room_nid', '=', p.roomNid),
    )
  }

  /** The room that an alias names, and who named it, as far as that is known. */
  async find(alias: RoomAlias): Promise<{ roomNid: number; creatorNid: number | undefined } | undefined> {
    const row = await this.#database.first(this.#find, { alias })
    return row && { roomNid: row.room_nid, creatorNid: row.creator_nid ?? undefined }
  }

  /** The first hundred aliases of a room, oldest first. */
  async ofRoom(roomNid: number): Promise<RoomAlias[]> {
    const rows = await this.#database.all(this.#ofRoom, { roomNid })
    return rows.map((row) => parseRoomAlias(row.alias))
  }

  /** Names a room; refused under the guard `alias` when the alias is taken. */
  insert(entry: { alias: RoomAlias; roomNid: number; creatorNid: number; createdTs: number }): BoundWrite {
    return bind(this.#insert, entry, { guard: 'alias' })
  }

  /** Has all names of a room lead to another one. */
  moveAll(roomNid: number, newRoomNid: number): BoundWrite {
    return bind(this.#moveAll, { roomNid, newRoomNid })
  }

  /** Takes away all names of a room. */
  deleteAll(roomNid: number): BoundWrite {
    return bind(this.#deleteAll, { roomNid })
  }

  /** Takes a name away; refused under the guard `alias` when there is none. */
  remove(alias: RoomAlias): BoundWrite {
    return bind(this.#delete, { alias }, { guard: 'alias' })
  }
}
