import { type QueryCreator, sql } from 'kysely'
import type { BoundWrite, Database, Parameter } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import { ALL_THREADS } from './read-position-store.ts'
import type { Schema } from './schema.ts'

/** How many events match which of the server's push rules, by the rules' bits. */
export type MatchCounts = ReadonlyMap<number, number>

/** No events at all. */
export const NO_MATCHES: MatchCounts = new Map()

/** What a thread's counter says at two positions. */
export interface ThreadCounters {
  readonly thread: string
  readonly before: MatchCounts
  readonly now: MatchCounts
}

/** An event that has been taken back. */
export interface RetractedRow {
  readonly position: number
  readonly thread: string
  readonly matched: number
}

/** An event that is something else to a user than the server's rules say. */
export interface DeviationRow extends RetractedRow {
  readonly notify: boolean
  readonly highlight: boolean
}

/** Events that the counters do not tell of. */
export interface UnreadExceptions {
  readonly retracted: readonly RetractedRow[]
  readonly deviations: readonly DeviationRow[]
}

/** So many rows are read at once, and hardly ever are there more. */
const FEW_ROWS = 100

/** Spelled out in the statement, so that the index of such events serves it. */
const RETRACTED = sql.lit<number>(1)

/** What has happened in rooms' threads, as it counts for their members. */
export class UnreadStore {
  readonly #database: Database<Schema>
  readonly #counterAt
  readonly #countersBetween
  readonly #exceptions
  readonly #fewExceptions
  readonly #insertCounter
  readonly #retract
  readonly #insertDeviation
  readonly #dropDeviations
  readonly #dropDeviationsOfThread

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#counterAt = database.query<{ roomNid: number; thread: string; upTo: number }>()((q, p) =>
      q
        .selectFrom('unread_counters')
        .select('counts')
        .where('room_nid', '=', p.roomNid)
        .where('thread', '=', p.thread)
        .where('position', '<=', p.upTo)
        .orderBy('position', 'desc')
        .limit(1),
    )
    // Steps from thread to thread through the index, however many events lie between.
    this.#countersBetween = database.query<{ roomNid: number; after: number; upTo: number }>({ scan: true })((q, p) =>
      q
        .withRecursive('threads(thread)', (step) =>
          step
            .selectFrom('unread_counters')
            .select(({ fn }) => fn.min<string | null>('thread').as('thread'))
            .where('room_nid', '=', p.roomNid)
            .unionAll(
              step
                .selectFrom('threads')
                .select(({ selectFrom }) =>
                  selectFrom('unread_counters')
                    .select(({ fn }) => fn.min('unread_counters.thread').as('thread'))
                    .where('room_nid', '=', p.roomNid)
                    .whereRef('unread_counters.thread', '>', 'threads.thread')
                    .as('thread'),
                )
                .where('threads.thread', 'is not', null),
            ),
        )
        .selectFrom('threads')
        .select(({ selectFrom }) => [
          'threads.thread',
          selectFrom('unread_counters')
            .select('counts')
            .where('room_nid', '=', p.roomNid)
            .whereRef('unread_counters.thread', '=', 'threads.thread')
            .where('position', '<=', p.after)
            .orderBy('position', 'desc')
            .limit(1)
            .as('before'),
          selectFrom('unread_counters')
            .select('counts')
            .where('room_nid', '=', p.roomNid)
            .whereRef('unread_counters.thread', '=', 'threads.thread')
            .where('position', '>', p.after)
            .where('position', '<=', p.upTo)
            .orderBy('position', 'desc')
            .limit(1)
            .as('now'),
        ])
        .where('threads.thread', 'is not', null),
    )
    this.#exceptions = database.query<ExceptionParameters>({ scan: true })((q, p) => selectExceptions(q, p))
    this.#fewExceptions = database.query<ExceptionParameters & { limit: number }>()((q, p) =>
      selectExceptions(q, p).limit(p.limit),
    )
    this.#insertCounter = database.query<{
      roomNid: number
      position: number
      thread: string
      matched: number
      counts: string
      isRetracted: number
    }>()((q, p) =>
      q.insertInto('unread_counters').values({
        room_nid: p.roomNid,
        position: p.position,
        thread: p.thread,
        matched: p.matched,
        counts: p.counts,
        is_retracted: p.isRetracted,
      }),
    )
    this.#retract = database.query<{ roomNid: number; eventNid: number }>()((q, p) =>
      q
        .updateTable('unread_counters')
        .set({ is_retracted: 1 })
        .where('room_nid', '=', p.roomNid)
        .where('position', '=', ({ selectFrom }) =>
          selectFrom('events').select('events.position').where('event_nid', '=', p.eventNid),
        ),
    )
    this.#insertDeviation = database.query<{
      userNid: number
      roomNid: number
      position: number
      thread: string
      matched: number
      notify: number
      highlight: number
    }>()((q, p) =>
      q.insertInto('unread_deviations').values({
        user_nid: p.userNid,
        room_nid: p.roomNid,
        position: p.position,
        thread: p.thread,
        matched: p.matched,
        notify: p.notify,
        highlight: p.highlight,
      }),
    )
    this.#dropDeviations = database.query<{ userNid: number; roomNid: number; upTo: number }>()((q, p) =>
      q
        .deleteFrom('unread_deviations')
        .where('user_nid', '=', p.userNid)
        .where('room_nid', '=', p.roomNid)
        .where('position', '<=', p.upTo),
    )
    this.#dropDeviationsOfThread = database.query<{
      userNid: number
      roomNid: number
      upTo: number
      thread: string
    }>()((q, p) =>
      q
        .deleteFrom('unread_deviations')
        .where('user_nid', '=', p.userNid)
        .where('room_nid', '=', p.roomNid)
        .where('position', '<=', p.upTo)
        .where('thread', '=', p.thread),
    )
  }

  /** A thread's counter as of a position. */
  async counterAt(roomNid: number, thread: string, upTo: number): Promise<MatchCounts> {
    const row = await this.#database.first(this.#counterAt, { roomNid, thread, upTo })
    return toCounts(row?.counts)
  }

  /** The counters of those threads of a room in which something has happened in a span of positions `(after, upTo]`. */
  async countersBetween(roomNid: number, after: number, upTo: number): Promise<ThreadCounters[]> {
    const rows = await this.#database.scan(this.#countersBetween, { roomNid, after, upTo })
    return rows.flatMap(({ thread, before, now }) =>
      thread === null || now === null ? [] : [{ thread, before: toCounts(before), now: toCounts(now) }],
    )
  }

  /** The events of a span `(after, upTo]` of a room that a user's counts are not to be told from the counters. */
  async exceptions(userNid: number, roomNid: number, after: number, upTo: number): Promise<UnreadExceptions> {
    const parameters = { userNid, roomNid, after, upTo }
    const few = await this.#database.all(this.#fewExceptions, { ...parameters, limit: FEW_ROWS })
    const rows = few.length < FEW_ROWS ? few : await this.#database.scan(this.#exceptions, parameters)
    const [retracted, deviating] = [rows.filter((row) => row.is_retracted), rows.filter((row) => !row.is_retracted)]
    const deviations = deviating.map((row) => ({ ...row, notify: row.notify !== 0, highlight: row.highlight !== 0 }))
    return { retracted, deviations }
  }

  /** Counts an event in. @param counter what its thread's counter says from then on. */
  insertCounter(counter: {
    readonly roomNid: number
    readonly position: Parameter<number>
    readonly thread: string
    readonly matched: number
    readonly counts: MatchCounts
    readonly isRetracted: boolean
  }): BoundWrite {
    const { counts, isRetracted } = counter
    const parameters = { ...counter, counts: JSON.stringify([...counts]), isRetracted: isRetracted ? 1 : 0 }
    return bind(this.#insertCounter, parameters)
  }

  /** Takes an event back. */
  retract(roomNid: number, eventNid: number): BoundWrite {
    return bind(this.#retract, { roomNid, eventNid })
  }

  /** Notes what an event is to one user. */
  insertDeviation(deviation: {
    readonly userNid: number
    readonly roomNid: number
    readonly position: Parameter<number>
    readonly thread: string
    readonly matched: number
    readonly notify: boolean
    readonly highlight: boolean
  }): BoundWrite {
    const { notify, highlight } = deviation
    return bind(this.#insertDeviation, { ...deviation, notify: notify ? 1 : 0, highlight: highlight ? 1 : 0 })
  }

  /** Drops what is of no more use once a user has read up to a position. @param entry.thread `ALL_THREADS`, or the one. */
  forgetDeviations(entry: {
    readonly userNid: number
    readonly roomNid: number
    readonly thread: string
    readonly upTo: number
  }): BoundWrite {
    return bind(entry.thread === ALL_THREADS ? this.#dropDeviations : this.#dropDeviationsOfThread, entry)
  }
}

interface ExceptionParameters {
  readonly userNid: number
  readonly roomNid: number
  readonly after: number
  readonly upTo: number
}

function selectExceptions(q: QueryCreator<Schema>, p: ExceptionParameters) {
  return q
    .selectFrom('unread_counters')
    .select(({ lit }) => [
      'position',
      'thread',
      'matched',
      lit<number>(1).as('is_retracted'),
      lit<number>(0).as('notify'),
      lit<number>(0).as('highlight'),
    ])
    .where('room_nid', '=', p.roomNid)
    .where('position', '>', p.after)
    .where('position', '<=', p.upTo)
    .where('is_retracted', '=', RETRACTED)
    .unionAll(
      q
        .selectFrom('unread_deviations')
        .select(({ lit }) => [
          'position',
          'thread',
          'matched',
          lit<number>(0).as('is_retracted'),
          'notify',
          'highlight',
        ])
        .where('user_nid', '=', p.userNid)
        .where('room_nid', '=', p.roomNid)
        .where('position', '>', p.after)
        .where('position', '<=', p.upTo),
    )
}

function toCounts(text: string | null | undefined): MatchCounts {
  if (text === null || text === undefined) return NO_MATCHES
  const pairs: unknown = JSON.parse(text)
  const counts = new Map<number, number>()
  for (const pair of Array.isArray(pairs) ? pairs : []) {
    const [matched, count]: unknown[] = Array.isArray(pair) ? pair : []
    if (typeof matched !== 'number' || typeof count !== 'number') throw new Error('an unread counter is damaged')
    counts.set(matched, count)
  }
  return counts
}
