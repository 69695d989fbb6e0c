import type { QueryCreator } from 'kysely'
import type { BoundWrite, Database, Parameter } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** A receipt of a user on a room. */
export interface ReceiptRow {
  readonly userId: string
  readonly userNid: number
  readonly receiptType: string
  /** `ALL_THREADS`, or the one. */
  readonly thread: string
  readonly eventId: string
  readonly ts: number
  /** Of its last change. */
  readonly position: number
}

/** Most receipts that one read returns. */
export const MAX_RECEIPTS = 1_000

/** So many are read at once; there are seldom more. */
const FEW_RECEIPTS = 100

/** Receipts: one per user, type and thread of a room. */
export class ReceiptStore {
  readonly #database: Database<Schema>
  readonly #find
  readonly #between
  readonly #fewBetween
  readonly #upsert

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#find = database.query<{ roomNid: number; userNid: number; receiptType: string; thread: string }>()((q, p) =>
      q
        .selectFrom('receipts')
        .select(['event_position', 'position'])
        .where('room_nid', '=', p.roomNid)
        .where('user_nid', '=', p.userNid)
        .where('receipt_type', '=', p.receiptType)
        .where('thread', '=', p.thread),
    )
    this.#between = database.query<BetweenParameters>({ scan: true })((q, p) => selectBetween(q, p))
    this.#fewBetween = database.query<BetweenParameters>()((q, p) => selectBetween(q, p))
    this.#upsert = database.query<{
      roomNid: number
      userNid: number
      receiptType: string
      thread: string
      eventId: string
      eventPosition: number | null
      ts: number
      position: number
    }>()((q, p) =>
      q
        .insertInto('receipts')
        .values({
          room_nid: p.roomNid,
          user_nid: p.userNid,
          receipt_type: p.receiptType,
          thread: p.thread,
          event_id: p.eventId,
          event_position: p.eventPosition,
          ts: p.ts,
          position: p.position,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['room_nid', 'user_nid', 'receipt_type', 'thread'])
            .doUpdateSet((eb) => ({
              event_id: eb.ref('excluded.event_id'),
              event_position: eb.ref('excluded.event_position'),
              ts: eb.ref('excluded.ts'),
              position: eb.ref('excluded.position'),
            }))
            .where(({ eb, or, ref }) =>
              or([
                eb('receipts.event_position', 'is', null),
                eb('receipts.event_position', '<', ref('excluded.event_position')),
              ]),
            ),
        ),
    )
  }

  /** Which event a receipt is at, by position; undefined without one. */
  async find(key: {
    roomNid: number
    userNid: number
    receiptType: string
    thread: string
  }): Promise<{ eventPosition: number | undefined } | undefined> {
    const row = await this.#database.first(this.#find, key)
    return row && { eventPosition: row.event_position ?? undefined }
  }

  /**
   * Receipts of a room that have changed in a span of positions `(after, upTo]` and that a user may see, newest first.
   * Of more than `MAX_RECEIPTS` the newest.
   */
  async between(roomNid: number, userNid: number, after: number, upTo: number): Promise<ReceiptRow[]> {
    const parameters = { roomNid, userNid, after, upTo }
    const few = await this.#database.all(this.#fewBetween, { ...parameters, limit: FEW_RECEIPTS })
    if (few.length < FEW_RECEIPTS) return few
    return this.#database.scan(this.#between, { ...parameters, limit: MAX_RECEIPTS })
  }

  /** Sets a receipt; one that is further back than what it would replace changes nothing. */
  upsert(receipt: {
    readonly roomNid: number
    readonly userNid: number
    readonly receiptType: string
    readonly thread: string
    readonly eventId: string
    readonly eventPosition: number | null
    readonly ts: number
    readonly position: Parameter<number>
  }): BoundWrite {
    return bind(this.#upsert, receipt)
  }
}

interface BetweenParameters {
  readonly roomNid: number
  readonly after: number
  readonly upTo: number
  readonly userNid: number
  readonly limit: number
}

function selectBetween(q: QueryCreator<Schema>, p: BetweenParameters) {
  return q
    .selectFrom('receipts')
    .innerJoin('users', 'users.user_nid', 'receipts.user_nid')
    .select([
      'users.user_id as userId',
      'receipts.user_nid as userNid',
      'receipts.receipt_type as receiptType',
      'receipts.thread',
      'receipts.event_id as eventId',
      'receipts.ts',
      'receipts.position',
    ])
    .where('receipts.room_nid', '=', p.roomNid)
    .where('receipts.position', '>', p.after)
    .where('receipts.position', '<=', p.upTo)
    .where(({ eb, or }) =>
      or([eb('receipts.receipt_type', '<>', 'm.read.private'), eb('receipts.user_nid', '=', p.userNid)]),
    )
    .orderBy('receipts.position', 'desc')
    .limit(p.limit)
}
