import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind, position } from '../platform/database/query.ts'
import type { ChangeKind } from './change-kind.ts'
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
  readonly #insert

  constructor(database: Database<Schema>) {
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
