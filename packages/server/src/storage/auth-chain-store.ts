import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind, inList } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** Rows read at once, and events or chains asked for at once. */
const PAGE = 100

/** A place in a room's chains. */
export interface ChainPlace {
  readonly chainId: number
  readonly seq: number
}

/** Where an event stands in its room's chains. */
export interface CoveredEvent extends ChainPlace {
  readonly eventNid: number
  /** Greater than that of each of its auth events. */
  readonly depth: number
}

/** What an event's auth chain holds of another chain: all up to the target. */
export interface ChainLink {
  readonly origin: ChainPlace
  readonly target: ChainPlace
}

/** How far a room is covered. */
export interface CoverRow {
  /** A state of the room all of whose events are covered. */
  readonly root: number
  readonly nextChain: number
}

/** A room of which nothing is covered: the empty state is. */
export const UNCOVERED: CoverRow = { root: 0, nextChain: 1 }

/** The chains that cover the auth chains of rooms, and the links between them. */
export class AuthChainStore {
  readonly #database: Database<Schema>
  readonly #byEvents
  readonly #isTaken
  readonly #eventsOf
  readonly #linksOf
  readonly #cover
  readonly #insertEvent
  readonly #insertLink
  readonly #setCover
  readonly #deleteEvents
  readonly #deleteLinks
  readonly #deleteCover

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#byEvents = database.query<{ eventNids: readonly number[] }>()((q, p) =>
      q
        .selectFrom('auth_chains')
        .select(['event_nid', 'chain_id', 'seq', 'depth'])
        .where(inList('event_nid', p.eventNids)),
    )
    this.#isTaken = database.query<{ roomNid: number; chainId: number; seq: number }>()((q, p) =>
      q
        .selectFrom('auth_chains')
        .select('event_nid')
        .where('room_nid', '=', p.roomNid)
        .where('chain_id', '=', p.chainId)
        .where('seq', '=', p.seq),
    )
    this.#eventsOf = database.query<{
      roomNid: number
      chainIds: readonly number[]
      chainId: number
      seq: number
      limit: number
    }>()((q, p) =>
      q
        .selectFrom('auth_chains')
        .select(['event_nid', 'chain_id', 'seq', 'depth'])
        .where('room_nid', '=', p.roomNid)
        .where(inList('chain_id', p.chainIds))
        .where(({ eb, refTuple, tuple }) => eb(refTuple('chain_id', 'seq'), '>', tuple(p.chainId, p.seq)))
        .orderBy('chain_id')
        .orderBy('seq')
        .limit(p.limit),
    )
    this.#linksOf = database.query<{
      roomNid: number
      chainIds: readonly number[]
      chainId: number
      seq: number
      target: number
      limit: number
    }>()((q, p) =>
      q
        .selectFrom('auth_chain_links')
        .select(['origin_chain', 'origin_seq', 'target_chain', 'target_seq'])
        .where('room_nid', '=', p.roomNid)
        .where(inList('origin_chain', p.chainIds))
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('origin_chain', 'origin_seq', 'target_chain'), '>', tuple(p.chainId, p.seq, p.target)),
        )
        .orderBy('origin_chain')
        .orderBy('origin_seq')
        .orderBy('target_chain')
        .limit(p.limit),
    )
    this.#cover = database.query<{ roomNid: number }>()((q, p) =>
      q.selectFrom('auth_cover').select(['root', 'next_chain']).where('room_nid', '=', p.roomNid),
    )
    this.#insertEvent = database.query<{
      roomNid: number
      chainId: number
      seq: number
      eventNid: number
      depth: number
    }>()((q, p) =>
      q.insertInto('auth_chains').values({
        room_nid: p.roomNid,
        chain_id: p.chainId,
        seq: p.seq,
        event_nid: p.eventNid,
        depth: p.depth,
      }),
    )
    this.#insertLink = database.query<{
      roomNid: number
      originChain: number
      originSeq: number
      targetChain: number
      targetSeq: number
    }>()((q, p) =>
      q.insertInto('auth_chain_links').values({
        room_nid: p.roomNid,
        origin_chain: p.originChain,
        origin_seq: p.originSeq,
        target_chain: p.targetChain,
        target_seq: p.targetSeq,
      }),
    )
    this.#setCover = database.query<{ roomNid: number; root: number; nextChain: number }>()((q, p) =>
      q
        .insertInto('auth_cover')
        .values({ room_nid: p.roomNid, root: p.root, next_chain: p.nextChain })
        .onConflict((conflict) =>
          conflict.column('room_nid').doUpdateSet((eb) => ({
            root: eb.ref('excluded.root'),
            next_chain: eb.ref('excluded.next_chain'),
          })),
        ),
    )
    this.#deleteEvents = database.query<{ roomNid: number; chainId: number; seq: number }>()((q, p) =>
      q
        .deleteFrom('auth_chains')
        .where('room_nid', '=', p.roomNid)
        .where(({ eb, refTuple, tuple }) => eb(refTuple('chain_id', 'seq'), '<=', tuple(p.chainId, p.seq))),
    )
    this.#deleteLinks = database.query<{ roomNid: number; chainId: number; seq: number }>()((q, p) =>
      q
        .deleteFrom('auth_chain_links')
        .where('room_nid', '=', p.roomNid)
        .where(({ eb, refTuple, tuple }) => eb(refTuple('origin_chain', 'origin_seq'), '<=', tuple(p.chainId, p.seq))),
    )
    this.#deleteCover = database.query<{ roomNid: number }>()((q, p) =>
      q.deleteFrom('auth_cover').where('room_nid', '=', p.roomNid),
    )
  }

  /** Where events stand, by number; those without cover are missing. */
  async ofEvents(eventNids: readonly number[]): Promise<Map<number, CoveredEvent>> {
    const found = new Map<number, CoveredEvent>()
    for (let start = 0; start < eventNids.length; start += PAGE) {
      const some = eventNids.slice(start, start + PAGE)
      const rows = await this.#database.all(this.#byEvents, { eventNids: some })
      for (const row of rows) found.set(row.event_nid, toCoveredEvent(row))
    }
    return found
  }

  /** Whether an event stands at a place. */
  async isTaken(roomNid: number, { chainId, seq }: ChainPlace): Promise<boolean> {
    return (await this.#database.first(this.#isTaken, { roomNid, chainId, seq })) !== undefined
  }

  /** Events of some chains (at most a hundred) after a place, ordered by chain and number, at most a hundred. */
  async eventsOf(roomNid: number, chainIds: readonly number[], after: ChainPlace): Promise<CoveredEvent[]> {
    const { chainId, seq } = after
    return (await this.#database.all(this.#eventsOf, { roomNid, chainIds, chainId, seq, limit: PAGE })).map(
      toCoveredEvent,
    )
  }

  /** Links that lead from some chains (at most a hundred), after one, in order, at most a hundred. */
  async linksOf(roomNid: number, chainIds: readonly number[], after: ChainLink): Promise<ChainLink[]> {
    const { chainId, seq } = after.origin
    const target = after.target.chainId
    const rows = await this.#database.all(this.#linksOf, { roomNid, chainIds, chainId, seq, target, limit: PAGE })
    return rows.map((row) => ({
      origin: { chainId: row.origin_chain, seq: row.origin_seq },
      target: { chainId: row.target_chain, seq: row.target_seq },
    }))
  }

  /** How far a room is covered. */
  async coverOf(roomNid: number): Promise<CoverRow> {
    const row = await this.#database.first(this.#cover, { roomNid })
    return row === undefined ? UNCOVERED : { root: row.root, nextChain: row.next_chain }
  }

  /** Gives an event its place. */
  insertEvent(roomNid: number, { chainId, seq, eventNid, depth }: CoveredEvent): BoundWrite {
    return bind(this.#insertEvent, { roomNid, chainId, seq, eventNid, depth })
  }

  /** Adds a link. */
  insertLink(roomNid: number, { origin, target }: ChainLink): BoundWrite {
    return bind(this.#insertLink, {
      roomNid,
      originChain: origin.chainId,
      originSeq: origin.seq,
      targetChain: target.chainId,
      targetSeq: target.seq,
    })
  }

  /** Records how far a room is covered. */
  setCover(roomNid: number, { root, nextChain }: CoverRow): BoundWrite {
    return bind(this.#setCover, { roomNid, root, nextChain })
  }

  /** Removes a room's chains with their links up to a place. */
  deleteUpTo(roomNid: number, { chainId, seq }: ChainPlace): BoundWrite[] {
    const place = { roomNid, chainId, seq }
    return [bind(this.#deleteEvents, place), bind(this.#deleteLinks, place)]
  }

  /** The room counts as not covered. */
  deleteCover(roomNid: number): BoundWrite {
    return bind(this.#deleteCover, { roomNid })
  }
}

/** Before the first place of any chain. */
export const FIRST_PLACE: ChainPlace = { chainId: 0, seq: 0 }

/** Before the first link. */
export const FIRST_LINK: ChainLink = { origin: FIRST_PLACE, target: FIRST_PLACE }

function toCoveredEvent(row: { event_nid: number; chain_id: number; seq: number; depth: number }): CoveredEvent {
  return { eventNid: row.event_nid, chainId: row.chain_id, seq: row.seq, depth: row.depth }
}
