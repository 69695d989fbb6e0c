import type { QueryCreator } from 'kysely'
import type { BoundWrite, Database, Parameter } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Stands for every thread of a room, the main timeline included. */
export const ALL_THREADS = ''

/** So many rows are read at once, and hardly ever are there more. */
const FEW_ROWS = 100

/** Up to where users have read rooms and threads. */
export class ReadPositionStore {
  readonly #database: Database<Schema>
  readonly #inRoom
  readonly #fewInRoom
  readonly #advance
  readonly #dropThreads

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#inRoom = database.query<{ userNid: number; roomNid: number }>({ scan: true })((q, p) => selectInRoom(q, p))
    this.#fewInRoom = database.query<{ userNid: number; roomNid: number; limit: number }>()((q, p) =>
      selectInRoom(q, p).limit(p.limit),
    )
    this.#advance = database.query<{ userNid: number; roomNid: number; thread: string; position: number }>()((q, p) =>
      q
        .insertInto('read_positions')
        .values({ user_nid: p.userNid, room_nid: p.roomNid, thread: p.thread, position: p.position })
        .onConflict((conflict) =>
          conflict
            .columns(['user_nid', 'room_nid', 'thread'])
            .doUpdateSet((eb) => ({ position: eb.ref('excluded.position') }))
            .whereRef('excluded.position', '>', 'read_positions.position'),
        ),
    )
    this.#dropThreads = database.query<{ userNid: number; roomNid: number; upTo: number }>()((q, p) =>
      q
        .deleteFrom('read_positions')
        .where('user_nid', '=', p.userNid)
        .where('room_nid', '=', p.roomNid)
        .where('thread', '<>', ALL_THREADS)
        .where('position', '<=', p.upTo),
    )
  }

  /** Up to where a user has read a room, by thread. */
  async inRoom(userNid: number, roomNid: number): Promise<Map<string, number>> {
    const few = await this.#database.all(this.#fewInRoom, { userNid, roomNid, limit: FEW_ROWS })
    const rows = few.length < FEW_ROWS ? few : await this.#database.scan(this.#inRoom, { userNid, roomNid })
    return new Map(rows.map(({ thread, position }) => [thread, position]))
  }

  /** A user has read a thread up to a position; what is further back than what they had read changes nothing. */
  advance(entry: {
    readonly userNid: number
    readonly roomNid: number
    /** `ALL_THREADS`, or the one. */
    readonly thread: string
    readonly position: Parameter<number>
  }): BoundWrite {
    return bind(this.#advance, entry)
  }

  /** Drops what single threads have of their own up to where all of them have been read. */
  forgetThreads(entry: { readonly userNid: number; readonly roomNid: number; readonly upTo: number }): BoundWrite {
    return bind(this.#dropThreads, entry)
  }
}

function selectInRoom(q: QueryCreator<Schema>, p: { userNid: number; roomNid: number }) {
  return q
    .selectFrom('read_positions')
    .select(['thread', 'position'])
    .where('user_nid', '=', p.userNid)
    .where('room_nid', '=', p.roomNid)
}
