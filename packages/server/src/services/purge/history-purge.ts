import { prevEventIds, redactedEventId, type RoomId, type ServerName, serverNameOf, type UserId } from '@magik/protocol'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import type { Clock } from '../../platform/clock/clock.ts'
import type { BoundWrite } from '../../platform/database/database.ts'
import type { CommitProgress, Job, JobKind, JobProgress, NewJob } from '../../platform/jobs/job.ts'
import type { EventRemovalStore } from '../../storage/event-removal-store.ts'
import type { EventStore } from '../../storage/event-store.ts'
import type { RedactedEventStore } from '../../storage/redacted-event-store.ts'
import type { RoomGraphStore } from '../../storage/room-graph-store.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import { eventStatus, type StoredEvent } from '../../storage/stored-event.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { RoomHead } from '../events/room-heads.ts'
import type { RoomMaintenance } from '../events/room-maintenance.ts'
import type { RoomWriter } from '../events/room-writer.ts'
import type { RoomListener } from './room-listener.ts'

/** Events looked at in one step. */
const EVENTS_PER_STEP = 100

/** Rows of the room's earlier states deleted in one step. */
const STATES_PER_STEP = 500

const Parameters = Type.Object({
  roomId: Type.Unsafe<RoomId>(Type.String()),
  /** Events of the room below this local depth go. */
  depth: Type.Integer(),
  deletesLocalEvents: Type.Boolean(),
})

/** What history to purge. */
export type HistoryPurgeParameters = Static<typeof Parameters>

const Cursor = Type.Object({
  phase: Type.Union([Type.Literal('accepted'), Type.Literal('refused'), Type.Literal('edges'), Type.Literal('states')]),
  /** What has been looked at: up to this place, or this number. */
  depth: Type.Integer(),
  eventNid: Type.Integer(),
})

type Cursor = Static<typeof Cursor>

/** Before the first event of any room. */
const BEGINNING = { depth: 0, eventNid: 0 }

/** What purging history takes. */
export interface HistoryPurgeDeps {
  readonly clock: Clock
  readonly serverName: ServerName
  readonly maintenance: RoomMaintenance
  readonly writer: RoomWriter
  readonly events: EventReader
  readonly eventStore: EventStore
  readonly eventRemovalStore: EventRemovalStore
  readonly redactedEventStore: RedactedEventStore
  readonly roomStore: RoomStore
  readonly roomGraphStore: RoomGraphStore
  readonly onRoomChanged: RoomListener
  /** What is to follow: the job that collects what the room's state no longer needs. */
  readonly collection: {
    jobFor(roomId: RoomId, now: number): NewJob
    schedule(job: NewJob): Promise<void>
  }
}

/** What a step does, and where the job is after it. */
interface Step extends JobProgress {
  /** Events whose rows change. */
  readonly touched?: readonly number[]
}

/**
 * Deletes a room's history up to a point, a few events at a time, while the room and all others go on. State events
 * stay, since later state needs them, but lose their place in the room's graph; so do events of this server's users,
 * unless those are to be deleted, too: there may be no other copy of them. The room's forward extremities stay as they
 * are.
 */
export class HistoryPurge implements JobKind {
  readonly name = 'purge_history'
  readonly #deps: HistoryPurgeDeps

  constructor(deps: HistoryPurgeDeps) {
    this.#deps = deps
  }

  /** The job of purging a room's history. */
  jobFor(jobId: string, parameters: HistoryPurgeParameters): NewJob {
    return { jobId, kind: this.name, resource: parameters.roomId, parameters }
  }

  async step(job: Job, commit: CommitProgress): Promise<void> {
    const { maintenance, clock, collection } = this.#deps
    const { parameters } = job
    if (!Value.Check(Parameters, parameters)) throw new Error(`the job ${job.jobId} does not say what to purge`)
    const cursor = Value.Check(Cursor, job.cursor) ? job.cursor : ({ phase: 'accepted', ...BEGINNING } as const)
    const ended = await maintenance.run(parameters.roomId, async (head) => {
      const { touched = [], ...progress } = await this.#stepOf(head, parameters, cursor)
      const write = (statements: readonly BoundWrite[]) => this.#deps.writer.maintain(head, statements)
      const result = await commit({ ...progress, write })
      if (result.committed) this.#forget(head, touched)
      return result.committed && progress.isDone === true
    })
    if (ended === undefined) await commit({ isDone: true })
    if (ended === true) await collection.schedule(collection.jobFor(parameters.roomId, clock.now()))
  }

  #stepOf(head: RoomHead, parameters: HistoryPurgeParameters, cursor: Cursor): Promise<Step> {
    switch (cursor.phase) {
      case 'accepted':
        return this.#purgeAccepted(head, parameters, cursor)
      case 'refused':
        return this.#purgeRefused(head, parameters, cursor)
      case 'edges':
        return this.#findEdges(head, cursor)
      case 'states':
        return this.#forgetStates(head)
    }
  }

  /** What is remembered of the room may be out of date now. */
  #forget(head: RoomHead, touched: readonly number[]): void {
    for (const eventNid of touched) this.#deps.events.invalidate(eventNid)
    head.forgetState()
    head.expected = undefined
    this.#deps.onRoomChanged(head)
  }

  async #purgeAccepted(head: RoomHead, parameters: HistoryPurgeParameters, cursor: Cursor): Promise<Step> {
    const { eventStore, eventRemovalStore } = this.#deps
    const { roomNid } = head
    const batch = await eventStore.newerThan(roomNid, cursor, Number.MAX_SAFE_INTEGER, EVENTS_PER_STEP)
    const isExtremity = new Set(head.pending.forwardExtremities.map(({ eventNid }) => eventNid))
    const older = batch.filter(({ depth }) => depth < parameters.depth)
    const leaving = older.filter(({ eventNid }) => !isExtremity.has(eventNid))
    const [deleted, kept] = partition(leaving, (event) => this.#isDeleted(event, parameters))
    const last = older.at(-1)
    const isLast = older.length < EVENTS_PER_STEP || last === undefined
    return {
      statements: [
        ...this.#deletes(roomNid, deleted),
        ...ifAny(numbersOf(kept), (it) => eventRemovalStore.makeOutliers(it)),
      ],
      touched: numbersOf(leaving),
      cursor: isLast
        ? { phase: 'refused', ...BEGINNING }
        : { phase: 'accepted', depth: last.depth, eventNid: last.eventNid },
    }
  }

  #deletes(roomNid: number, events: readonly StoredEvent[]): BoundWrite[] {
    const { eventRemovalStore, redactedEventStore } = this.#deps
    const redactions = events.flatMap((event) => {
      if (event.type !== 'm.room.redaction') return []
      const redacts = redactedEventId(this.#deps.events.pdu(event), event.roomVersion)
      return redacts === undefined ? [] : [eventRemovalStore.deleteRedaction(roomNid, redacts, event.eventNid)]
    })
    return [
      ...redactions,
      ...ifAny(numbersOf(events), (eventNids) => eventRemovalStore.delete(eventNids)),
      ...ifAny(numbersOf(events), (eventNids) => redactedEventStore.delete(eventNids)),
    ]
  }

  /** Events that were never shown: no other event needs those among them that are no state. */
  async #purgeRefused({ roomNid }: RoomHead, parameters: HistoryPurgeParameters, cursor: Cursor): Promise<Step> {
    const { eventRemovalStore, redactedEventStore, roomGraphStore } = this.#deps
    const batch = await eventRemovalStore.refusedAfter(roomNid, cursor.eventNid, EVENTS_PER_STEP)
    const older = batch.filter(({ depth }) => depth < parameters.depth)
    const [deleted, kept] = partition(older, (event) => this.#isDeleted(event, parameters))
    const placed = kept.filter(({ status }) => status !== eventStatus.outlier)
    const last = batch.at(-1)
    const isLast = batch.length < EVENTS_PER_STEP || last === undefined
    return {
      statements: [
        ...ifAny(numbersOf(deleted), (eventNids) => eventRemovalStore.delete(eventNids)),
        ...ifAny(numbersOf(deleted), (eventNids) => redactedEventStore.delete(eventNids)),
        ...ifAny(numbersOf(placed), (eventNids) => eventRemovalStore.forgetPlace(eventNids)),
        // Those that events which stay build on are found again in the next phase.
        ...(isLast ? [roomGraphStore.deleteBackwardExtremitiesBelow(roomNid, parameters.depth)] : []),
      ],
      touched: numbersOf(older),
      cursor: isLast ? { phase: 'edges', ...BEGINNING } : { phase: 'refused', depth: 0, eventNid: last.eventNid },
    }
  }

  /** Looks through the events that stay for those that build on ones that are gone. */
  async #findEdges({ roomNid }: RoomHead, cursor: Cursor): Promise<Step> {
    const { eventStore, events, roomGraphStore } = this.#deps
    const batch = await eventStore.newerThan(roomNid, cursor, Number.MAX_SAFE_INTEGER, EVENTS_PER_STEP)
    const parents = new Map(batch.map((event) => [event, prevEventIds(events.pdu(event))]))
    const known = await events.findManyForWriting([...parents.values()].flat())
    const missing = [...parents].flatMap(([event, eventIds]) =>
      eventIds
        .filter((eventId) => known.get(eventId)?.stateAfter === undefined)
        .map((eventId) => ({ eventId, depth: Math.max(0, event.depth - 1) })),
    )
    const last = batch.at(-1)
    const isLast = batch.length < EVENTS_PER_STEP || last === undefined
    return {
      statements: missing.map((extremity) => roomGraphStore.insertBackwardExtremity(roomNid, extremity)),
      cursor: isLast
        ? { phase: 'states', ...BEGINNING }
        : { phase: 'edges', depth: last.depth, eventNid: last.eventNid },
    }
  }

  /** Of the states before the first event that is left, the last one stays: where that event found the room. */
  async #forgetStates({ roomNid }: RoomHead): Promise<Step> {
    const { eventRemovalStore, roomStore } = this.#deps
    const first = await eventRemovalStore.firstPosition(roomNid)
    const kept = first === undefined ? undefined : await roomStore.statePositionAt(roomNid, first - 1)
    const oldest = await roomStore.oldestStatePosition(roomNid)
    if (kept === undefined || oldest === undefined || oldest >= kept) return { isDone: true }
    return { statements: [roomStore.deleteStatesBefore(roomNid, kept, STATES_PER_STEP)] }
  }

  #isDeleted(
    { stateKey, sender }: { readonly stateKey: string | undefined; readonly sender: UserId },
    { deletesLocalEvents }: HistoryPurgeParameters,
  ): boolean {
    return stateKey === undefined && (deletesLocalEvents || serverNameOf(sender) !== this.#deps.serverName)
  }
}

function partition<T>(items: readonly T[], accepts: (item: T) => boolean): [accepted: T[], others: T[]] {
  return [items.filter(accepts), items.filter((item) => !accepts(item))]
}

function numbersOf(events: readonly { readonly eventNid: number }[]): number[] {
  return events.map(({ eventNid }) => eventNid)
}

function ifAny(eventNids: readonly number[], write: (eventNids: readonly number[]) => BoundWrite): BoundWrite[] {
  return eventNids.length === 0 ? [] : [write(eventNids)]
}
