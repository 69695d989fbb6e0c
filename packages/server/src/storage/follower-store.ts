import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import { changeKind } from './change-kind.ts'
import type { Schema } from './schema.ts'

/** Changes read at once. */
const PAGE = 100

/** How far a follower has come. */
export interface FollowerRow {
  readonly position: number
  readonly version: number
}

/** A change of the log and, where it is a timeline event, what deriving something from it starts from. */
export interface FollowedChange {
  readonly position: number
  readonly event:
    | {
        readonly eventNid: number
        readonly roomNid: number
        readonly isState: boolean
        readonly stateBefore: number
        readonly stateAfter: number
      }
    | undefined
}

/** How far the followers of the change log have come, and what comes next for them. */
export class FollowerStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #insert
  readonly #advance
  readonly #after

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ name: string }>()((q, p) =>
      q.selectFrom('followers').select(['position', 'version']).where('name', '=', p.name),
    )
    this.#insert = database.query<{ name: string }>()((q, p) =>
      q
        .insertInto('followers')
        .values({ name: p.name, position: 0, version: 0 })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#advance = database.query<{ name: string; version: number; position: number; nextVersion: number }>()((q, p) =>
      q
        .updateTable('followers')
        .set({ position: p.position, version: p.nextVersion })
        .where('name', '=', p.name)
        .where('version', '=', p.version),
    )
    this.#after = database.query<{ position: number; kind: number; limit: number }>()((q, p) =>
      q
        .selectFrom('changes')
        .leftJoin('events', (join) =>
          join.onRef('events.event_nid', '=', 'changes.ref').on('changes.kind', '=', p.kind),
        )
        .select([
          'changes.position',
          'events.event_nid',
          'events.room_nid',
          'events.state_key',
          'events.state_before',
          'events.state_after',
        ])
        .where('changes.position', '>', p.position)
        .orderBy('changes.position')
        .limit(p.limit),
    )
  }

  /** How far a follower has come; it is made where there is none. */
  async settle(name: string): Promise<FollowerRow> {
    const row = await this.#database.first(this.#find, { name })
    if (row !== undefined) return row
    await this.#database.write({ statements: [bind(this.#insert, { name })] })
    return this.settle(name)
  }

  /** How far a follower has come, if it has begun. */
  find(name: string): Promise<FollowerRow | undefined> {
    return this.#database.first(this.#find, { name })
  }

  /** Moves a follower on; refused under the guard `follower` when another process was first. */
  advance(name: string, from: FollowerRow, position: number): BoundWrite {
    const { version } = from
    return bind(this.#advance, { name, version, position, nextVersion: version + 1 }, { guard: 'follower' })
  }

  /** The next changes after a position, in order, at most a hundred. */
  async changesAfter(position: number): Promise<FollowedChange[]> {
    const rows = await this.#database.all(this.#after, { position, kind: changeKind.event, limit: PAGE })
    return rows.map((row) => {
      const { event_nid: eventNid, room_nid: roomNid, state_before: stateBefore, state_after: stateAfter } = row
      const isPlaced = eventNid !== null && roomNid !== null && stateBefore !== null && stateAfter !== null
      const event = isPlaced
        ? { eventNid, roomNid, isState: row.state_key !== null, stateBefore, stateAfter }
        : undefined
      return { position: row.position, event }
    })
  }
}
