import { type EventId, getRoomVersion, parseEventId, parseRoomId, parseUserId } from '@magik/protocol'
import { type QueryCreator, sql } from 'kysely'
import type { BoundWrite, Database, Parameter } from '../platform/database/database.ts'
import { bind, inList } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'
import { type EventStatus, eventStatus, type StoredEvent } from './stored-event.ts'

const COLUMNS = [
  'events.event_nid',
  'events.event_id',
  'events.room_nid',
  'rooms.room_id',
  'rooms.version as room_version',
  'events.position',
  'events.depth',
  'events.type',
  'events.state_key',
  'events.sender_nid',
  'users.user_id as sender',
  'events.origin_server_ts',
  'events.status',
  'events.state_before',
  'events.state_after',
  'events.redacted_by',
  'events.txn_device_id',
  'events.txn_id',
  'events.json',
] as const

/** Spelled out in the statement, so that the index of accepted events serves it. */
const ACCEPTED = sql.lit<number>(eventStatus.accepted)

/** Most events that one read on the main connection returns. */
export const MAX_EVENTS_PER_READ = 100

/** A place in the order of `/messages`. */
export interface TopologicalPosition {
  readonly depth: number
  readonly eventNid: number
}

/** The table of events. */
export class EventStore {
  readonly #database: Database<Schema>
  readonly #byId
  readonly #byNids
  readonly #byIds
  readonly #byTransaction
  readonly #latest
  readonly #after
  readonly #olderThan
  readonly #newerThan
  readonly #nearestBefore
  readonly #insert
  readonly #placeOutlier
  readonly #markRedacted
  readonly #insertRedaction
  readonly #redactionsOf
  readonly #redactedIds

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#byId = database.query<{ eventId: string }>()((q, p) =>
      selectEvents(q).where('events.event_id', '=', p.eventId),
    )
    this.#byNids = database.query<{ eventNids: readonly number[] }>()((q, p) =>
      selectEvents(q).where(inList('events.event_nid', p.eventNids)),
    )
    this.#byIds = database.query<{ eventIds: readonly string[] }>()((q, p) =>
      selectEvents(q).where(inList('events.event_id', p.eventIds)),
    )
    this.#byTransaction = database.query<{
      senderNid: number
      deviceId: string
      txnId: string
      roomNid: number
      type: string
    }>()((q, p) =>
      q
        .selectFrom('events')
        .select(['event_id', 'event_nid', 'position'])
        .where('sender_nid', '=', p.senderNid)
        .where('txn_device_id', '=', p.deviceId)
        .where('txn_id', '=', p.txnId)
        .where('room_nid', '=', p.roomNid)
        .where('type', '=', p.type)
        .where('txn_id', 'is not', null),
    )
    this.#latest = database.query<{ roomNid: number; upTo: number; limit: number }>()((q, p) =>
      selectEvents(q)
        .where('events.room_nid', '=', p.roomNid)
        .where('events.position', '<=', p.upTo)
        .orderBy('events.position', 'desc')
        .limit(p.limit),
    )
    this.#after = database.query<{ roomNid: number; after: number; upTo: number; limit: number }>()((q, p) =>
      selectEvents(q)
        .where('events.room_nid', '=', p.roomNid)
        .where('events.position', '>', p.after)
        .where('events.position', '<=', p.upTo)
        .orderBy('events.position', 'desc')
        .limit(p.limit),
    )
    this.#olderThan = database.query<{ roomNid: number; depth: number; eventNid: number; limit: number }>()((q, p) =>
      selectEvents(q)
        .where('events.room_nid', '=', p.roomNid)
        .where('events.status', '=', ACCEPTED)
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('events.depth', 'events.event_nid'), '<', tuple(p.depth, p.eventNid)),
        )
        .orderBy('events.depth', 'desc')
        .orderBy('events.event_nid', 'desc')
        .limit(p.limit),
    )
    this.#newerThan = database.query<{
      roomNid: number
      depth: number
      eventNid: number
      upTo: number
      limit: number
    }>()((q, p) =>
      selectEvents(q)
        .where('events.room_nid', '=', p.roomNid)
        .where('events.status', '=', ACCEPTED)
        .where(({ eb, refTuple, tuple }) =>
          eb(refTuple('events.depth', 'events.event_nid'), '>', tuple(p.depth, p.eventNid)),
        )
        .where(({ eb, or }) => or([eb('events.position', 'is', null), eb('events.position', '<=', p.upTo)]))
        .orderBy('events.depth')
        .orderBy('events.event_nid')
        .limit(p.limit),
    )
    this.#nearestBefore = database.query<{ roomNid: number; upTo: number }>()((q, p) =>
      q
        .selectFrom('events')
        .select(['depth', 'event_nid'])
        .where('room_nid', '=', p.roomNid)
        .where('position', '<=', p.upTo)
        .orderBy('position', 'desc')
        .limit(1),
    )
    this.#insert = database.query<{
      eventNid: number
      eventId: string
      roomNid: number
      position: number | null
      depth: number
      type: string
      stateKey: string | null
      senderNid: number
      originServerTs: number
      status: number
      stateBefore: number | null
      stateAfter: number | null
      redactedBy: number | null
      txnDeviceId: string | null
      txnId: string | null
      json: string
      receivedTs: number
    }>()((q, p) =>
      q
        .insertInto('events')
        .values({
          event_nid: p.eventNid,
          event_id: p.eventId,
          room_nid: p.roomNid,
          position: p.position,
          depth: p.depth,
          type: p.type,
          state_key: p.stateKey,
          sender_nid: p.senderNid,
          origin_server_ts: p.originServerTs,
          status: p.status,
          state_before: p.stateBefore,
          state_after: p.stateAfter,
          redacted_by: p.redactedBy,
          txn_device_id: p.txnDeviceId,
          txn_id: p.txnId,
          json: p.json,
          received_ts: p.receivedTs,
        })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#placeOutlier = database.query<{
      eventNid: number
      position: number | null
      depth: number
      status: number
      stateBefore: number | null
      stateAfter: number | null
      redactedBy: number | null
      receivedTs: number
    }>()((q, p) =>
      q
        .updateTable('events')
        .set({
          position: p.position,
          received_ts: p.receivedTs,
          depth: p.depth,
          status: p.status,
          state_before: p.stateBefore,
          state_after: p.stateAfter,
          redacted_by: p.redactedBy,
        })
        .where('event_nid', '=', p.eventNid)
        .where('state_before', 'is', null),
    )
    this.#markRedacted = database.query<{ roomNid: number; eventId: string; redactedBy: number }>()((q, p) =>
      q
        .updateTable('events')
        .set({ redacted_by: p.redactedBy })
        .where('event_id', '=', p.eventId)
        .where('room_nid', '=', p.roomNid),
    )
    this.#insertRedaction = database.query<{ roomNid: number; redacts: string; eventNid: number }>()((q, p) =>
      q.insertInto('redactions').values({ room_nid: p.roomNid, redacts_event_id: p.redacts, event_nid: p.eventNid }),
    )
    this.#redactionsOf = database.query<{ roomNid: number; redacts: string }>()((q, p) =>
      q
        .selectFrom('redactions')
        .select('event_nid')
        .where('room_nid', '=', p.roomNid)
        .where('redacts_event_id', '=', p.redacts)
        .limit(20),
    )
    this.#redactedIds = database.query<{ roomNid: number; limit: number }>()((q, p) =>
      q.selectFrom('redactions').select('redacts_event_id').where('room_nid', '=', p.roomNid).limit(p.limit),
    )
  }

  /** An event by its ID. */
  async findById(eventId: string): Promise<StoredEvent | undefined> {
    const row = await this.#database.first(this.#byId, { eventId })
    return row && toStoredEvent(row)
  }

  /** Events by their numbers, in any order; unknown numbers are left out. */
  async findByNids(eventNids: readonly number[]): Promise<StoredEvent[]> {
    if (eventNids.length === 0) return []
    const rows =
      eventNids.length <= MAX_EVENTS_PER_READ
        ? await this.#database.all(this.#byNids, { eventNids })
        : await this.#database.scan(this.#byNids, { eventNids })
    return rows.map(toStoredEvent)
  }

  /** Events by their IDs, in any order; unknown IDs are left out. */
  async findByIds(eventIds: readonly EventId[]): Promise<StoredEvent[]> {
    const found: StoredEvent[] = []
    for (let start = 0; start < eventIds.length; start += MAX_EVENTS_PER_READ) {
      const some = eventIds.slice(start, start + MAX_EVENTS_PER_READ)
      const rows = await this.#database.all(this.#byIds, { eventIds: some })
      for (const row of rows) found.push(toStoredEvent(row))
    }
    return found
  }

  /** The event that a device's transaction ID made, if it made one. */
  async findByTransaction(key: {
    senderNid: number
    deviceId: string
    txnId: string
    roomNid: number
    type: string
  }): Promise<{ eventId: EventId; eventNid: number; position: number } | undefined> {
    const row = await this.#database.first(this.#byTransaction, key)
    if (row === undefined) return undefined
    return { eventId: parseEventId(row.event_id), eventNid: row.event_nid, position: row.position ?? 0 }
  }

  /** The newest timeline events at or below a position, newest first. */
  async latest(roomNid: number, upTo: number, limit: number): Promise<StoredEvent[]> {
    const rows = await this.#database.all(this.#latest, { roomNid, upTo, limit })
    return rows.map(toStoredEvent)
  }

  /** The newest timeline events of a span of positions `(after, upTo]`, newest first. */
  async between(roomNid: number, after: number, upTo: number, limit: number): Promise<StoredEvent[]> {
    const rows = await this.#database.all(this.#after, { roomNid, after, upTo, limit })
    return rows.map(toStoredEvent)
  }

  /** Accepted events before a place in the room's order, newest first. */
  async olderThan(roomNid: number, place: TopologicalPosition, limit: number): Promise<StoredEvent[]> {
    const rows = await this.#database.all(this.#olderThan, { roomNid, ...place, limit })
    return rows.map(toStoredEvent)
  }

  /** Accepted events after a place in the room's order that a reader at position `upTo` knows, oldest first. */
  async newerThan(roomNid: number, place: TopologicalPosition, upTo: number, limit: number): Promise<StoredEvent[]> {
    const rows = await this.#database.all(this.#newerThan, { roomNid, ...place, upTo, limit })
    return rows.map(toStoredEvent)
  }

  /** Where the newest timeline event at or below a stream position stands in the room's order. */
  async placeAt(roomNid: number, upTo: number): Promise<TopologicalPosition | undefined> {
    const row = await this.#database.first(this.#nearestBefore, { roomNid, upTo })
    return row && { depth: row.depth, eventNid: row.event_nid }
  }

  /** Adds an event, received just now; refused under the guard `event` when its ID or its transaction ID is taken. */
  insert(event: StoredEvent, position: Parameter<number | null>, receivedTs: number): BoundWrite {
    return bind(
      this.#insert,
      {
        eventNid: event.eventNid,
        eventId: event.eventId,
        roomNid: event.roomNid,
        position,
        depth: event.depth,
        type: event.type,
        stateKey: event.stateKey ?? null,
        senderNid: event.senderNid,
        originServerTs: event.originServerTs,
        status: event.status,
        stateBefore: event.stateBefore ?? null,
        stateAfter: event.stateAfter ?? null,
        redactedBy: event.redactedBy ?? null,
        txnDeviceId: event.transaction?.deviceId ?? null,
        txnId: event.transaction?.id ?? null,
        json: event.json,
        receivedTs,
      },
      { guard: 'event' },
    )
  }

  /** Gives an outlier its place in the room's graph; refused under the guard `outlier` when it has one meanwhile. */
  placeOutlier(event: StoredEvent, position: Parameter<number | null>, receivedTs: number): BoundWrite {
    const { eventNid, depth, status, stateBefore, stateAfter, redactedBy } = event
    const parameters = {
      eventNid,
      position,
      depth,
      status,
      stateBefore: stateBefore ?? null,
      stateAfter: stateAfter ?? null,
      redactedBy: redactedBy ?? null,
      receivedTs,
    }
    return bind(this.#placeOutlier, parameters, { guard: 'outlier' })
  }

  /** Records that a redaction is about an event, known here or not. */
  insertRedaction(roomNid: number, redacts: EventId, eventNid: number): BoundWrite {
    return bind(this.#insertRedaction, { roomNid, redacts, eventNid })
  }

  /** Marks an event as redacted. */
  markRedacted(roomNid: number, eventId: EventId, redactedBy: number): BoundWrite {
    return bind(this.#markRedacted, { roomNid, eventId, redactedBy })
  }

  /** IDs that the room's redactions name, at most `MAX_EVENTS_PER_READ`. */
  async redactedIds(roomNid: number): Promise<EventId[]> {
    const rows = await this.#database.all(this.#redactedIds, { roomNid, limit: MAX_EVENTS_PER_READ })
    return rows.map((row) => parseEventId(row.redacts_event_id))
  }

  /** Numbers of the redactions that name an event (the first twenty). */
  async redactionsOf(roomNid: number, eventId: EventId): Promise<number[]> {
    const rows = await this.#database.all(this.#redactionsOf, { roomNid, redacts: eventId })
    return rows.map((row) => row.event_nid)
  }
}

function selectEvents(q: QueryCreator<Schema>) {
  return q
    .selectFrom('events')
    .innerJoin('rooms', 'rooms.room_nid', 'events.room_nid')
    .innerJoin('users', 'users.user_nid', 'events.sender_nid')
    .select(COLUMNS)
}

interface SelectedEvent {
  event_nid: number
  event_id: string
  room_nid: number
  room_id: string
  room_version: string
  position: number | null
  depth: number
  type: string
  state_key: string | null
  sender_nid: number
  sender: string
  origin_server_ts: number
  status: number
  state_before: number | null
  state_after: number | null
  redacted_by: number | null
  txn_device_id: string | null
  txn_id: string | null
  json: string
}

function toStoredEvent(row: SelectedEvent): StoredEvent {
  const roomVersion = getRoomVersion(row.room_version)
  if (roomVersion === undefined) throw new Error(`room version ${row.room_version} is unknown`)
  return {
    eventNid: row.event_nid,
    eventId: parseEventId(row.event_id),
    roomNid: row.room_nid,
    roomId: parseRoomId(row.room_id),
    roomVersion,
    type: row.type,
    stateKey: row.state_key ?? undefined,
    sender: parseUserId(row.sender),
    senderNid: row.sender_nid,
    originServerTs: row.origin_server_ts,
    position: row.position ?? undefined,
    depth: row.depth,
    status: toStatus(row.status),
    stateBefore: row.state_before ?? undefined,
    stateAfter: row.state_after ?? undefined,
    redactedBy: row.redacted_by ?? undefined,
    transaction:
      row.txn_id === null || row.txn_device_id === null ? undefined : { deviceId: row.txn_device_id, id: row.txn_id },
    json: row.json,
  }
}

function toStatus(value: number): EventStatus {
  switch (value) {
    case eventStatus.accepted:
    case eventStatus.softFailed:
    case eventStatus.rejected:
    case eventStatus.outlier:
    case eventStatus.rejectedByState:
      return value
    default:
      throw new Error(`event status ${value} is unknown`)
  }
}
