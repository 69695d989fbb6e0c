import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind, position } from '../platform/database/query.ts'
import { type ChangeKind, changeKind } from './change-kind.ts'
import type { Schema } from './schema.ts'

/** A change as written: its position is the entry's `index`-th. */
export interface NewChange {
  readonly kind: ChangeKind
  readonly roomNid?: number
  readonly userNid?: number
  readonly ref?: number
}

/** The log of changes. */
export class ChangeStore {
  readonly #database: Database<Schema>
  readonly #insert
  readonly #after
  readonly #newest

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#after = database.query<{ position: number; limit: number }>()((q, p) =>
      q
        .selectFrom('changes')
        .select(['position', 'kind', 'room_nid', 'user_nid', 'ref'])
        .where('position', '>', p.position)
        .orderBy('position')
        .limit(p.limit),
    )
    this.#newest = database.query()((q) => q.selectFrom('stream').select('position').where('id', '=', 1))
    this.#insert = database.query<{
      position: number
      kind: number
      roomNid: number | null
      userNid: number | null
      ref: number | null
    }>()((q, p) =>
      q
        .insertInto('changes')
        .values({ position: p.position, kind: p.kind, room_nid: p.roomNid, user_nid: p.userNid, ref: p.ref }),
    )
  }

  /** The first changes after a position, in order. @param limit at most 100 */
  async after(position: number, limit: number): Promise<(NewChange & { readonly position: number })[]> {
    const rows = await this.#database.all(this.#after, { position, limit })
    return rows.map((row) => ({
      position: row.position,
      kind: toKind(row.kind),
      ...(row.room_nid !== null && { roomNid: row.room_nid }),
      ...(row.user_nid !== null && { userNid: row.user_nid }),
      ...(row.ref !== null && { ref: row.ref }),
    }))
  }

  /** How far the stream has got, whoever wrote. */
  async newestPosition(): Promise<number> {
    const row = await this.#database.first(this.#newest, {})
    if (row === undefined) throw new Error('the stream has no position')
    return row.position
  }

  /** Records a change at the `index`-th position of its entry. */
  insert(change: NewChange, index: number): BoundWrite {
    return bind(this.#insert, {
      position: position(index),
      kind: change.kind,
      roomNid: change.roomNid ?? null,
      userNid: change.userNid ?? null,
      ref: change.ref ?? null,
    })
  }
}

function toKind(value: number): ChangeKind {
  const kind = Object.values(changeKind).find((known) => known === value)
  if (kind === undefined) throw new Error(`a change of the unknown kind ${value}`)
  return kind
}
