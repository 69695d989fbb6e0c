import { parseUserId, type UserId } from '@magik/protocol'
import { sql } from 'kysely'
import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind, inList } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'
import { eventStatus } from './stored-event.ts'

/** Spelled out in the statements, so that the indexes of accepted and of other events serve them. */
const ACCEPTED = sql.lit<number>(eventStatus.accepted)

/** Roots of state trees that are read at once. */
export const ROOTS_PER_SCAN = 5_000

/** A place in the order of the room's accepted events. */
export interface EventPlace {
  readonly depth: number
  readonly eventNid: number
}

/** An event that never was part of its room's timeline, or is not any more. */
export interface RefusedEventRow {
  readonly eventNid: number
  readonly status: number
  readonly depth: number
  readonly stateKey: string | undefined
  readonly sender: UserId
}

/** Events for those who delete them, or parts of them, and for those who look for what they still need. */
export class EventRemovalStore {
  readonly #database: Database<Schema>
  readonly #overwrite
  readonly #delete
  readonly #toOutliers
  readonly #withoutPlace
  readonly #refusedAfter
  readonly #firstPosition
  readonly #receivedAt
  readonly #rootsOfAccepted
  readonly #rootsOfRefused
  readonly #deleteRedaction

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#overwrite = database.query<{ eventNid: number; json: string }>()((q, p) =>
      q.updateTable('events').set({ json: p.json }).where('event_nid', '=', p.eventNid),
    )
    this.#delete = database.query<{ eventNids: readonly number[] }>()((q, p) =>
      q.deleteFrom('events').where(inList('event_nid', p.eventNids)),
    )
    this.#toOutliers = database.query<{ eventNids: readonly number[] }>()((q, p) =>
      q
        .updateTable('events')
        .set({
          status: eventStatus.outlier,
          position: null,
          depth: 0,
          state_before: null,
          state_after: null,
        })
        .where(inList('event_nid', p.eventNids)),
    )
    this.#withoutPlace = database.query<{ eventNids: readonly number[] }>()((q, p) =>
      q
        .updateTable('events')
        .set({ depth: 0, state_before: null, state_after: null })
        .where(inList('event_nid', p.eventNids)),
    )
    this.#refusedAfter = database.query<{ roomNid: number; after: number; limit: number }>()((q, p) =>
      q
        .selectFrom('events')
        .innerJoin('users', 'users.user_nid', 'events.sender_nid')
        .select(['events.event_nid', 'events.status', 'events.depth', 'events.state_key', 'users.user_id as sender'])
        .where('events.room_nid', '=', p.roomNid)
        .where('events.event_nid', '>', p.after)
        .where('events.status', '<>', ACCEPTED)
        .orderBy('events.event_nid')
        .limit(p.limit),
    )
    this.#firstPosition = database.query<{ roomNid: number }>()((q, p) =>
      q
        .selectFrom('events')
        .select('position')
        .where('room_nid', '=', p.roomNid)
        .where('position', 'is not', null)
        .orderBy('position')
        .limit(1),
    )
    this.#receivedAt = database.query<{ roomNid: number; upTo: number }>()((q, p) =>
      q
        .selectFrom('events')
        .select(['position', 'received_ts', 'depth', 'event_nid'])
        .where('room_nid', '=', p.roomNid)
        .where('position', '<=', p.upTo)
        .orderBy('position', 'desc')
        .limit(1),
    )
    this.#rootsOfAccepted = database.query<{ roomNid: number; depth: number; eventNid: number; limit: number }>({
      scan: true,
    })((q, p) =>
      q
        .selectFrom('events')
        .select(['depth', 'event_nid', 'state_before', 'state_after'])
        .where('room_nid', '=', p.roomNid)
        .where('status', '=', ACCEPTED)
        .where(({ eb, refTuple, tuple }) => eb(refTuple('depth', 'event_nid'), '>', tuple(p.depth, p.eventNid)))
        .orderBy('depth')
        .orderBy('event_nid')
        .limit(p.limit),
    )
    this.#rootsOfRefused = database.query<{ roomNid: number; after: number; limit: number }>({ scan: true })((q, p) =>
      q
        .selectFrom('events')
        .select(['event_nid', 'state_before', 'state_after'])
        .where('room_nid', '=', p.roomNid)
        .where('event_nid', '>', p.after)
        .where('status', '<>', ACCEPTED)
        .orderBy('event_nid')
        .limit(p.limit),
    )
    this.#deleteRedaction = database.query<{ roomNid: number; redacts: string; eventNid: number }>()((q, p) =>
      q
        .deleteFrom('redactions')
        .where('room_nid', '=', p.roomNid)
        .where('redacts_event_id', '=', p.redacts)
        .where('event_nid', '=', p.eventNid),
    )
  }

  /** Replaces what is stored of an event. */
  overwrite(eventNid: number, json: string): BoundWrite {
    return bind(this.#overwrite, { eventNid, json })
  }

  /** Deletes events. */
  delete(eventNids: readonly number[]): BoundWrite {
    return bind(this.#delete, { eventNids })
  }

  /** Takes accepted events out of their room's graph: what is left of them is what the room's state needs. */
  makeOutliers(eventNids: readonly number[]): BoundWrite {
    return bind(this.#toOutliers, { eventNids })
  }

  /** As `makeOutliers`, for events that were refused, and stay so. */
  forgetPlace(eventNids: readonly number[]): BoundWrite {
    return bind(this.#withoutPlace, { eventNids })
  }

  /** A redaction is no longer known. */
  deleteRedaction(roomNid: number, redacts: string, eventNid: number): BoundWrite {
    return bind(this.#deleteRedaction, { roomNid, redacts, eventNid })
  }

  /** Events of a room that are not accepted, by number. @param limit at most 100 */
  async refusedAfter(roomNid: number, after: number, limit: number): Promise<RefusedEventRow[]> {
    const rows = await this.#database.all(this.#refusedAfter, { roomNid, after, limit })
    return rows.map((row) => ({
      eventNid: row.event_nid,
      status: row.status,
      depth: row.depth,
      stateKey: row.state_key ?? undefined,
      sender: parseUserId(row.sender),
    }))
  }

  /** Position of the room's first timeline event. */
  async firstPosition(roomNid: number): Promise<number | undefined> {
    return (await this.#database.first(this.#firstPosition, { roomNid }))?.position ?? undefined
  }

  /** The room's newest timeline event at or below a position, and when it was received. */
  async receivedAt(
    roomNid: number,
    upTo: number,
  ): Promise<(EventPlace & { readonly position: number; readonly receivedTs: number }) | undefined> {
    const row = await this.#database.first(this.#receivedAt, { roomNid, upTo })
    if (row === undefined || row.position === null) return undefined
    return { position: row.position, receivedTs: row.received_ts, depth: row.depth, eventNid: row.event_nid }
  }

  /** Roots of the states before and after accepted events that come after a place; undefined when there are none. */
  async rootsOfAccepted(
    roomNid: number,
    after: EventPlace,
  ): Promise<{ readonly last: EventPlace; readonly roots: ReadonlySet<number> } | undefined> {
    const rows = await this.#database.scan(this.#rootsOfAccepted, { roomNid, ...after, limit: ROOTS_PER_SCAN })
    const last = rows.at(-1)
    return last && { last: { depth: last.depth, eventNid: last.event_nid }, roots: rootsOf(rows) }
  }

  /** As `rootsOfAccepted`, for all other events. */
  async rootsOfRefused(
    roomNid: number,
    after: number,
  ): Promise<{ readonly last: number; readonly roots: ReadonlySet<number> } | undefined> {
    const rows = await this.#database.scan(this.#rootsOfRefused, { roomNid, after, limit: ROOTS_PER_SCAN })
    const last = rows.at(-1)
    return last && { last: last.event_nid, roots: rootsOf(rows) }
  }
}

function rootsOf(rows: readonly { state_before: number | null; state_after: number | null }[]): Set<number> {
  return new Set(rows.flatMap(({ state_before: before, state_after: after }) => [before ?? 0, after ?? 0]))
}
