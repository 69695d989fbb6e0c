import { type EventId, parseEventId } from '@magik/protocol'
import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind, inList } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Edges read at once, and events asked for at once. */
const PAGE = 100

/** An edge of a room's auth chains. */
export interface AuthEdge {
  readonly citedNid: number
  readonly citingNid: number
}

/** Behind the last edge. */
const LAST_EDGE: AuthEdge = { citedNid: Number.MAX_SAFE_INTEGER, citingNid: 0 }

/** The edges of auth chains walked backwards: from an event to the state events that name it as auth event. */
export class AuthEdgeStore {
  readonly #database: Database<Schema>
  readonly #citing
  readonly #page
  readonly #insert
  readonly #delete
  readonly #deleteUpTo

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#citing = database.query<{
      roomNid: number
      cited: readonly number[]
      beforeCited: number
      beforeCiting: number
      limit: number
    }>()((q, p) =>
      q
        .selectFrom('auth_edges')
        .innerJoin('events', 'events.event_nid', 'auth_edges.citing_nid')
        .select(['auth_edges.cited_nid', 'auth_edges.citing_nid', 'events.event_id'])
        .where('auth_edges.room_nid', '=', p.roomNid)
        .where(inList('auth_edges.cited_nid', p.cited))
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('auth_edges.cited_nid', 'auth_edges.citing_nid'), '<', tuple(p.beforeCited, p.beforeCiting)),
        )
        .orderBy('auth_edges.cited_nid', 'desc')
        .orderBy('auth_edges.citing_nid', 'desc')
        .limit(p.limit),
    )
    this.#page = database.query<{ roomNid: number; cited: number; citing: number; limit: number }>()((q, p) =>
      q
        .selectFrom('auth_edges')
        .select(['cited_nid', 'citing_nid'])
        .where('room_nid', '=', p.roomNid)
        .where(({ eb, refTuple, tuple }) => eb(refTuple('cited_nid', 'citing_nid'), '>', tuple(p.cited, p.citing)))
        .orderBy('cited_nid')
        .orderBy('citing_nid')
        .limit(p.limit),
    )
    this.#insert = database.query<{ roomNid: number; citedNid: number; citingNid: number }>()((q, p) =>
      q
        .insertInto('auth_edges')
        .values({ room_nid: p.roomNid, cited_nid: p.citedNid, citing_nid: p.citingNid })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#delete = database.query<{ roomNid: number; citedNid: number; citingNid: number }>()((q, p) =>
      q
        .deleteFrom('auth_edges')
        .where('room_nid', '=', p.roomNid)
        .where('cited_nid', '=', p.citedNid)
        .where('citing_nid', '=', p.citingNid),
    )
    this.#deleteUpTo = database.query<{ roomNid: number; citedNid: number; citingNid: number }>()((q, p) =>
      q
        .deleteFrom('auth_edges')
        .where('room_nid', '=', p.roomNid)
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('cited_nid', 'citing_nid'), '<=', tuple(p.citedNid, p.citingNid)),
        ),
    )
  }

  /**
   * The state events that cite each of the events, as far as the follower has come; those sent last come first.
   * @param limit most for each of them.
   */
  async citing(roomNid: number, citedNids: readonly number[], limit: number): Promise<Map<number, EventId[]>> {
    const found = new Map<number, EventId[]>()
    for (let start = 0; start < citedNids.length; start += PAGE) {
      const cited = citedNids.slice(start, start + PAGE)
      let before: AuthEdge | undefined = LAST_EDGE
      while (before !== undefined) before = await this.#citingPage(roomNid, cited, before, limit, found)
    }
    return found
  }

  /** @returns where to go on: behind an event that enough others are known to cite, its further ones are passed over. */
  async #citingPage(
    roomNid: number,
    cited: readonly number[],
    before: AuthEdge,
    limit: number,
    found: Map<number, EventId[]>,
  ): Promise<AuthEdge | undefined> {
    const { citedNid: beforeCited, citingNid: beforeCiting } = before
    const rows = await this.#database.all(this.#citing, { roomNid, cited, beforeCited, beforeCiting, limit: PAGE })
    for (const row of rows) {
      const eventIds = found.get(row.cited_nid) ?? []
      if (eventIds.length < limit) eventIds.push(parseEventId(row.event_id))
      found.set(row.cited_nid, eventIds)
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < PAGE) return undefined
    const isEnough = (found.get(last.cited_nid)?.length ?? 0) >= limit
    return { citedNid: last.cited_nid, citingNid: isEnough ? 0 : last.citing_nid }
  }

  /** A room's edges after one, in order, at most a hundred. */
  async page(roomNid: number, after: AuthEdge): Promise<AuthEdge[]> {
    const { citedNid: cited, citingNid: citing } = after
    const rows = await this.#database.all(this.#page, { roomNid, cited, citing, limit: PAGE })
    return rows.map((row) => ({ citedNid: row.cited_nid, citingNid: row.citing_nid }))
  }

  /** Adds an edge, unless it is there. */
  insert(roomNid: number, { citedNid, citingNid }: AuthEdge): BoundWrite {
    return bind(this.#insert, { roomNid, citedNid, citingNid })
  }

  /** Removes an edge. */
  delete(roomNid: number, { citedNid, citingNid }: AuthEdge): BoundWrite {
    return bind(this.#delete, { roomNid, citedNid, citingNid })
  }

  /** Removes a room's edges up to one. */
  deleteUpTo(roomNid: number, { citedNid, citingNid }: AuthEdge): BoundWrite {
    return bind(this.#deleteUpTo, { roomNid, citedNid, citingNid })
  }
}
