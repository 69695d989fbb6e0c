import {
  authEventIds,
  type EventId,
  parseJsonText,
  parsePdu,
  prevEventIds,
  ResolutionLimitError,
  type RoomEvent,
  type RoomId,
} from '@magik/protocol'
import { eventStatus, type StoredEvent } from '../../../storage/stored-event.ts'
import type { UserNumbers } from '../../users/user-numbers.ts'
import { StagedChunks } from '../../state/staged-chunks.ts'
import { EMPTY_TREE } from '../../state/tree-node.ts'
import { noteBuilt, completeEvent, type EventBuilding } from '../build-event.ts'
import type { AppendResult, BuiltEvent } from '../built-event.ts'
import { EntryUsers } from '../entry-users.ts'
import type { RoomHead, RoomHeads } from '../room-heads.ts'
import type { RoomQueue } from '../room-queue.ts'
import type { RoomWriter } from '../room-writer.ts'
import { coveredExtremities } from './covered-extremities.ts'
import { earlierRedaction, type ExpectedEventsDeps, isMissed } from './expected-events.ts'
import { judgeEvent } from './judge-event.ts'
import { claimedDepth, localDepth } from './local-depth.ts'
import { judgedOutlierOf } from './outliers.ts'
import type { Receipt } from './received-event.ts'
import { refusedEvent } from './refused-event.ts'
import { type ToldState, toldRoot } from './told-state.ts'

/** How often an event is checked anew when another writer was first. */
const MAX_ATTEMPTS = 5

/** What the receiver stands on. */
export interface EventReceiverDeps extends EventBuilding, ExpectedEventsDeps {
  readonly heads: RoomHeads
  readonly queue: RoomQueue
  readonly writer: RoomWriter
  readonly userNumbers: UserNumbers
}

/** An event of another server to be received. */
export interface IncomingEvent {
  /** Its format, hashes and signatures have been checked. */
  readonly event: RoomEvent
  /** The states after those of its `prev_events` that cannot be had. */
  readonly told?: readonly ToldState[]
  /** By it this server enters the room, perhaps anew: what it knows as the room's current state says nothing then. */
  readonly isEntry?: boolean
}

/** An event that has left the room's queue. */
interface Begun {
  readonly receipt: Receipt
  /** The commit that the receipt stands on. */
  readonly durable: Promise<AppendResult> | undefined
}

/** Parents and permission of an event, as far as they are known here. */
interface References {
  readonly prevEvents: readonly StoredEvent[]
  readonly authEvents: readonly StoredEvent[]
  readonly missingPrevEvents: readonly EventId[]
  readonly missingAuthEvents: readonly EventId[]
}

/**
 * Takes events of other servers through the checks on receipt and into their rooms' graphs. Each that can be judged is
 * stored, whatever became of it, before its receipt is given.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export class EventReceiver {
  readonly #deps: EventReceiverDeps

  constructor(deps: EventReceiverDeps) {
    this.#deps = deps
  }

  /**
   * Receives events of one room in the order given, which ought to be that of their graph.
   * @returns a receipt for each, in order.
   * @throws Error if the room is not known here, or an event is of another; MatrixError M_LIMIT_EXCEEDED with status 503
   *   when the room is too busy.
   */
  async receive(roomId: RoomId, events: readonly IncomingEvent[]): Promise<Receipt[]> {
    const foreign = events.find(({ event }) => event.roomId !== roomId)
    if (foreign !== undefined) throw new Error(`event ${foreign.event.eventId} is not of room ${roomId}`)
    const receipts = new Map<IncomingEvent, Receipt>()
    let outstanding = events
    for (let attempt = 1; outstanding.length > 0; attempt += 1) {
      if (attempt > MAX_ATTEMPTS) throw new Error(`room ${roomId} changes too fast to receive events`)
      const begun: { incoming: IncomingEvent; receipt: Receipt; durable: Begun['durable'] }[] = []
      try {
        for (const incoming of outstanding) begun.push({ incoming, ...(await this.#begin(roomId, incoming)) })
      } finally {
        // What has been handed to the writer is waited for even if a later event fails.
        await Promise.allSettled(begun.map(({ durable }) => durable))
      }
      const refused: IncomingEvent[] = []
      for (const { incoming, receipt, durable } of begun) {
        const result = await durable
        if (result?.committed === false) refused.push(incoming)
        else receipts.set(incoming, receipt)
      }
      outstanding = refused
    }
    return events.flatMap((incoming) => receipts.get(incoming) ?? [])
  }

  async #begin(roomId: RoomId, incoming: IncomingEvent): Promise<Begun> {
    const { heads, queue } = this.#deps
    const { roomNid } = known(roomId, await heads.find(roomId))
    return queue.run(roomNid, async () => {
      const head = known(roomId, await heads.sound(roomId))
      try {
        return await this.#beginOn(head, incoming)
      } catch (error) {
        // What it was judged by has been refused meanwhile, and may not even be readable any more.
        if (head.isBroken) return { receipt: NOTHING, durable: Promise.resolve({ committed: false, guard: 'head' }) }
        throw error
      }
    })
  }

  async #beginOn(head: RoomHead, incoming: IncomingEvent): Promise<Begun> {
    const { told = [], isEntry = false } = incoming
    const earlier = await this.#deps.events.findForWriting(incoming.event.eventId)
    if (earlier !== undefined && !isPlacelessIn(head, earlier)) {
      return { receipt: { kind: 'duplicate', status: earlier.status }, durable: head.newestCommit }
    }
    const event = earlier === undefined ? incoming.event : asStored(earlier)
    const references = await this.#references(head, event)
    const { missingPrevEvents: prevEvents, missingAuthEvents: authEvents } = references
    if (authEvents.length > 0 || (prevEvents.length > 0 && told.length === 0)) {
      return { receipt: { kind: 'missing', prevEvents, authEvents }, durable: undefined }
    }
    if (await this.#isHistory(head, event, references)) return this.#keepHistory(head, event, references, earlier)
    const users = new EntryUsers(this.#deps.userNumbers)
    const staged = new StagedChunks(this.#deps.treeCache, head.roomNid, head.pending.nextChunk)
    try {
      const arrival = { event, told, isEntry, references, outlier: earlier }
      const { built, reason } = await this.#place(head, arrival, users, staged)
      const durable = this.#deps.writer.append({ head, events: [built], users })
      if (built.event.status === eventStatus.accepted) noteBuilt(head, built)
      return { receipt: { kind: 'stored', status: built.event.status, reason }, durable }
    } catch (error) {
      staged.discard()
      if (error instanceof ResolutionLimitError) return { receipt: { kind: 'unresolved' }, durable: undefined }
      throw error
    }
  }

  /**
   * Whether an event is from before all that is known of the room: it has no parents, or none that is known, and is no
   * deeper than the first event that has a place. It takes no part in the room as it is now.
   */
  async #isHistory(head: RoomHead, { pdu }: RoomEvent, { prevEvents }: References): Promise<boolean> {
    if (prevEvents.length > 0 || head.pending.forwardExtremities.length === 0) return false
    if (pdu.prev_events.length === 0) return true
    const [first] = await this.#deps.eventStore.newerThan(head.roomNid, BEGINNING, Number.MAX_SAFE_INTEGER, 1)
    return first !== undefined && claimedDepth(pdu) <= first.depth
  }

  /** Keeps an event from before all that is known as an outlier. */
  async #keepHistory(
    head: RoomHead,
    event: RoomEvent,
    references: References,
    earlier: StoredEvent | undefined,
  ): Promise<Begun> {
    if (earlier !== undefined) {
      return { receipt: { kind: 'duplicate', status: earlier.status }, durable: head.newestCommit }
    }
    const users = new EntryUsers(this.#deps.userNumbers)
    const { authEvents } = references
    const { built, reason } = await judgedOutlierOf(this.#deps, head, event, authEvents, users)
    const durable = this.#deps.writer.append({ head, events: [built], users })
    return { receipt: { kind: 'stored', status: built.event.status, reason }, durable }
  }

  /** Checks an event whose references are known, and builds what its commit has to write. */
  async #place(
    head: RoomHead,
    arrival: {
      readonly event: RoomEvent
      readonly told: readonly ToldState[]
      readonly isEntry: boolean
      readonly references: References
      readonly outlier: StoredEvent | undefined
    },
    users: EntryUsers,
    staged: StagedChunks,
  ): Promise<{ readonly built: BuiltEvent; readonly reason: string | undefined }> {
    const { event, told, isEntry, references, outlier } = arrival
    const { events, forkResolver } = this.#deps
    const { prevEvents, authEvents } = references
    const roots = prevEvents.map(({ stateAfter = EMPTY_TREE }) => stateAfter)
    for (const state of told) roots.push(await toldRoot(this.#deps, head, state, staged))
    const stateBefore = buildsOnAll(head, references)
      ? head.pending.stateRoot
      : await forkResolver.resolve(head, roots, staged)
    const depth = localDepth(event.pdu, prevEvents, head.pending.depth)
    const { status, reason } = await judgeEvent(this.#deps, head, event, { authEvents, stateBefore, isEntry })
    const place = { status, stateBefore, depth, outlierNid: outlier?.eventNid }
    if (status !== eventStatus.accepted) {
      return { built: await refusedEvent(this.#deps, head, event, place, users, staged), reason }
    }
    const allowed = {
      signed: event,
      transaction: undefined,
      stateBefore,
      covered: await coveredExtremities(events, head.pending.forwardExtremities, prevEvents),
      depth,
      outlierNid: outlier?.eventNid,
      redactedBy: await earlierRedaction(this.#deps, head, event),
      wasMissing: await isMissed(this.#deps, head, event.eventId),
      missing: references.missingPrevEvents.map((eventId) => ({ eventId, depth: Math.max(0, depth - 1) })),
    }
    return { built: await completeEvent(this.#deps, head, allowed, users, staged), reason }
  }

  async #references({ roomNid }: RoomHead, { pdu }: RoomEvent): Promise<References> {
    const prevIds = prevEventIds(pdu)
    const authIds = authEventIds(pdu)
    const found = await this.#deps.events.findManyForWriting([...prevIds, ...authIds])
    const own = (eventId: EventId) => {
      const event = found.get(eventId)
      return event?.roomNid === roomNid ? event : undefined
    }
    const prevEvents: StoredEvent[] = []
    const missingPrevEvents: EventId[] = []
    for (const eventId of new Set(prevIds)) {
      const event = own(eventId)
      if (event?.stateAfter === undefined) missingPrevEvents.push(eventId)
      else prevEvents.push(event)
    }
    const authEvents: StoredEvent[] = []
    const missingAuthEvents: EventId[] = []
    for (const eventId of authIds) {
      // One of another room is no use, but it is known: the rules refuse the event for it.
      const event = found.get(eventId)
      if (event === undefined) missingAuthEvents.push(eventId)
      else authEvents.push(event)
    }
    return { prevEvents, authEvents, missingPrevEvents, missingAuthEvents }
  }
}

/** Whether an event's parents are just the room's forward extremities: what those resolve to is known. */
function buildsOnAll({ pending }: RoomHead, { prevEvents, missingPrevEvents }: References): boolean {
  const { forwardExtremities } = pending
  if (missingPrevEvents.length > 0 || prevEvents.length !== forwardExtremities.length) return false
  const parents = new Set(prevEvents.map(({ eventNid }) => eventNid))
  return forwardExtremities.every(({ eventNid }) => parents.has(eventNid))
}

function known(roomId: RoomId, head: RoomHead | undefined): RoomHead {
  if (head === undefined) throw new Error(`room ${roomId} is not known here`)
  return head
}

/**
 * Whether an event is known only from the room's auth chains and states. One of another room's is not to be touched:
 * where servers give out event IDs, two events may have the same.
 */
function isPlacelessIn(head: RoomHead, { roomNid, stateBefore }: StoredEvent): boolean {
  return roomNid === head.roomNid && stateBefore === undefined
}

/**
 * An event as it was when it came first. That is what is stored, even if another text comes with its ID later: whole where
 * it had been cut down for a wrong hash, or another event where servers give out IDs.
 */
function asStored({ eventId, roomId, roomVersion, json }: StoredEvent): RoomEvent {
  return { eventId, roomId, pdu: parsePdu(parseJsonText(json), roomVersion) }
}

/** Before the first event of any room. */
const BEGINNING = { depth: 0, eventNid: 0 }

/** Stands for the receipt of an event that has to be judged again. */
const NOTHING: Receipt = { kind: 'missing', prevEvents: [], authEvents: [] }
