import { type EventId, parseEventId } from '@magik/protocol'
import type { BoundWrite, Database, Parameter } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Schema } from './schema.ts'

/** An event that known ones build on and that is not known here. */
export interface BackwardExtremity {
  readonly eventId: EventId
  /** The local depth that it may have at most. */
  readonly depth: number
}

/** A state entry that resolution took away or set back although no event said so. */
export interface StateResetRow {
  readonly type: string
  readonly stateKey: string
  /** What is in the state now, if anything. */
  readonly resolved: EventId | undefined
  /** What is no longer in the state. */
  readonly lost: readonly EventId[]
  /** What in the resolved state stands against that. */
  readonly atFault: readonly EventId[]
}

/** Most backward extremities of a room read at once. */
export const MAX_BACKWARD_EXTREMITIES = 100

/** Where rooms' graphs end, and what state resolution undid in them. */
export class RoomGraphStore {
  readonly #database: Database<Schema>
  readonly #backward
  readonly #isBackward
  readonly #insertBackward
  readonly #deleteBackward
  readonly #deleteBackwardBelow
  readonly #insertReset
  readonly #resets

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#backward = database.query<{ roomNid: number; limit: number }>()((q, p) =>
      q
        .selectFrom('backward_extremities')
        .select(['event_id', 'depth'])
        .where('room_nid', '=', p.roomNid)
        .limit(p.limit),
    )
    this.#isBackward = database.query<{ roomNid: number; eventId: string }>()((q, p) =>
      q
        .selectFrom('backward_extremities')
        .select('depth')
        .where('room_nid', '=', p.roomNid)
        .where('event_id', '=', p.eventId),
    )
    this.#insertBackward = database.query<{ roomNid: number; eventId: string; depth: number }>()((q, p) =>
      q
        .insertInto('backward_extremities')
        .values({ room_nid: p.roomNid, event_id: p.eventId, depth: p.depth })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#deleteBackward = database.query<{ roomNid: number; eventId: string }>()((q, p) =>
      q.deleteFrom('backward_extremities').where('room_nid', '=', p.roomNid).where('event_id', '=', p.eventId),
    )
    this.#deleteBackwardBelow = database.query<{ roomNid: number; depth: number }>()((q, p) =>
      q.deleteFrom('backward_extremities').where('room_nid', '=', p.roomNid).where('depth', '<', p.depth),
    )
    this.#insertReset = database.query<{
      roomNid: number
      position: number
      type: string
      stateKey: string
      resolvedEvent: string | null
      lostEvents: string
      eventsAtFault: string
      noticedTs: number
    }>()((q, p) =>
      q.insertInto('state_resets').values({
        room_nid: p.roomNid,
        position: p.position,
        type: p.type,
        state_key: p.stateKey,
        resolved_event: p.resolvedEvent,
        lost_events: p.lostEvents,
        events_at_fault: p.eventsAtFault,
        noticed_ts: p.noticedTs,
      }),
    )
    this.#resets = database.query<{ roomNid: number; limit: number }>()((q, p) =>
      q
        .selectFrom('state_resets')
        .select(['position', 'type', 'state_key', 'resolved_event', 'lost_events', 'events_at_fault', 'noticed_ts'])
        .where('room_nid', '=', p.roomNid)
        .orderBy('position', 'desc')
        .limit(p.limit),
    )
  }

  /** Backward extremities of a room, at most a hundred. */
  async backwardExtremities(roomNid: number): Promise<BackwardExtremity[]> {
    const rows = await this.#database.all(this.#backward, { roomNid, limit: MAX_BACKWARD_EXTREMITIES })
    return rows.map((row) => ({ eventId: parseEventId(row.event_id), depth: row.depth }))
  }

  /** Whether known events of the room build on an event that is not known. */
  async isBackwardExtremity(roomNid: number, eventId: EventId): Promise<boolean> {
    return (await this.#database.first(this.#isBackward, { roomNid, eventId })) !== undefined
  }

  /** Notes that known events build on one that is not known. */
  insertBackwardExtremity(roomNid: number, { eventId, depth }: BackwardExtremity): BoundWrite {
    return bind(this.#insertBackward, { roomNid, eventId, depth })
  }

  /** The event is known now. */
  deleteBackwardExtremity(roomNid: number, eventId: string): BoundWrite {
    return bind(this.#deleteBackward, { roomNid, eventId })
  }

  /** Forgets backward extremities below a depth: the events that build on them are no longer known. */
  deleteBackwardExtremitiesBelow(roomNid: number, depth: number): BoundWrite {
    return bind(this.#deleteBackwardBelow, { roomNid, depth })
  }

  /** Keeps a state reset. */
  insertStateReset(roomNid: number, position: Parameter<number>, reset: StateResetRow, noticedTs: number): BoundWrite {
    const { type, stateKey, resolved, lost, atFault } = reset
    return bind(this.#insertReset, {
      roomNid,
      position,
      type,
      stateKey,
      resolvedEvent: resolved ?? null,
      lostEvents: JSON.stringify(lost),
      eventsAtFault: JSON.stringify(atFault),
      noticedTs,
    })
  }

  /** The newest state resets of a room, newest first. */
  async stateResets(
    roomNid: number,
    limit: number,
  ): Promise<(StateResetRow & { readonly position: number; readonly noticedTs: number })[]> {
    const rows = await this.#database.all(this.#resets, { roomNid, limit })
    return rows.map((row) => ({
      position: row.position,
      type: row.type,
      stateKey: row.state_key,
      resolved: row.resolved_event === null ? undefined : parseEventId(row.resolved_event),
      lost: parseEventIds(row.lost_events),
      atFault: parseEventIds(row.events_at_fault),
      noticedTs: row.noticed_ts,
    }))
  }
}

function parseEventIds(text: string): EventId[] {
  const ids: unknown = JSON.parse(text)
  if (!Array.isArray(ids)) throw new Error('event IDs are not a list')
  return ids.map((id: unknown) => parseEventId(String(id)))
}
