import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind, inList } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Redacted events whose content is still stored, and how it is overwritten. */
export class RedactedEventStore {
  readonly #database: Database<Schema>
  readonly #insert
  readonly #due
  readonly #delete

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#insert = database.query<{ eventNid: number; roomNid: number; redactedTs: number }>()((q, p) =>
      q
        .insertInto('redacted_events')
        .values({ event_nid: p.eventNid, room_nid: p.roomNid, redacted_ts: p.redactedTs })
        // A second redaction makes nobody wait longer.
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#due = database.query<{ upTo: number; limit: number }>()((q, p) =>
      q
        .selectFrom('redacted_events')
        .select('event_nid')
        .where('redacted_ts', '<=', p.upTo)
        .orderBy('redacted_ts')
        .limit(p.limit),
    )
    this.#delete = database.query<{ eventNids: readonly number[] }>()((q, p) =>
      q.deleteFrom('redacted_events').where(inList('event_nid', p.eventNids)),
    )
  }

  /** Notes that an event is redacted. */
  insert(eventNid: number, roomNid: number, redactedTs: number): BoundWrite {
    return bind(this.#insert, { eventNid, roomNid, redactedTs })
  }

  /** Numbers of events redacted at or before a time, the earliest first. @param limit at most 100 */
  async redactedUpTo(upTo: number, limit: number): Promise<number[]> {
    const rows = await this.#database.all(this.#due, { upTo, limit })
    return rows.map((row) => row.event_nid)
  }

  /** Their content is gone. */
  delete(eventNids: readonly number[]): BoundWrite {
    return bind(this.#delete, { eventNids })
  }
}
