import {
  authEventIds,
  type EventId,
  impliedCreateEventId,
  type Pdu,
  type RoomEvent,
  type RoomId,
} from '@magik/protocol'
import { eventStatus, type StoredEvent } from '../../../storage/stored-event.ts'
import type { UserNumbers } from '../../users/user-numbers.ts'
import { StagedChunks } from '../../state/staged-chunks.ts'
import type { EventBuilding } from '../build-event.ts'
import type { BuiltEvent } from '../built-event.ts'
import { EntryUsers } from '../entry-users.ts'
import type { RoomHead, RoomHeads } from '../room-heads.ts'
import type { RoomQueue } from '../room-queue.ts'
import type { RoomWriter } from '../room-writer.ts'
import { claimedAuthEvents, judgeByAuthEvents } from './judge-event.ts'
import { refusedEvent } from './refused-event.ts'

/** Events of one commit: while it is made up the room waits. */
const EVENTS_PER_COMMIT = 100

/** How often a commit is made up anew when another writer was first. */
const MAX_ATTEMPTS = 5

/** What storing outliers takes. */
export interface OutliersDeps extends EventBuilding {
  readonly heads: RoomHeads
  readonly queue: RoomQueue
  readonly writer: RoomWriter
  readonly userNumbers: UserNumbers
}

/**
 * Stores events that are known only as part of another event's auth chain or state. Of the checks on receipt they pass
 * the one against their own auth events; those that fail it are kept as rejected.
 */
export class Outliers {
  readonly #deps: OutliersDeps

  constructor(deps: OutliersDeps) {
    this.#deps = deps
  }

  /**
   * Stores those of the events that are not known yet. One whose auth events are neither known nor among them is left
   * out: nothing can be said of it.
   * @param events their format, hashes and signatures have been checked; in any order.
   */
  async store(roomId: RoomId, events: readonly RoomEvent[]): Promise<void> {
    const ordered = inAuthOrder(events)
    for (let start = 0; start < ordered.length; start += EVENTS_PER_COMMIT) {
      await this.#storeSome(roomId, ordered.slice(start, start + EVENTS_PER_COMMIT))
    }
  }

  async #storeSome(roomId: RoomId, events: readonly RoomEvent[]): Promise<void> {
    const { heads, queue, writer, userNumbers } = this.#deps
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const found = await heads.find(roomId)
      if (found === undefined) throw new Error(`room ${roomId} is not known here`)
      const durable = await queue.run(found.roomNid, async () => {
        const head = await heads.sound(roomId)
        if (head === undefined) throw new Error(`room ${roomId} is not known here`)
        const users = new EntryUsers(userNumbers)
        const built = await this.#build(head, events, users)
        return built.length === 0 ? head.newestCommit : writer.append({ head, events: built, users })
      })
      const result = await durable
      if (result?.committed !== false) return
    }
    throw new Error(`room ${roomId} changes too fast to store outliers`)
  }

  async #build(head: RoomHead, events: readonly RoomEvent[], users: EntryUsers): Promise<BuiltEvent[]> {
    const references = events.flatMap(({ eventId, pdu }) => [eventId, ...authEventIds(pdu)])
    const known = await this.#deps.events.findManyForWriting(references)
    const pdus = new Map<EventId, Pdu>(events.map(({ eventId, pdu }) => [eventId, pdu]))
    const create = await this.#impliedCreate(head, pdus)
    const built: BuiltEvent[] = []
    for (const event of events) {
      if (known.has(event.eventId)) continue
      const authEvents = authEventIds(event.pdu).map((eventId) => known.get(eventId))
      if (!authEvents.every((authEvent) => authEvent !== undefined)) continue
      const claimed = claimedAuthEvents(authEvents, (authEvent) => this.#pdu(authEvent, pdus))
      const verdict = judgeByAuthEvents(event, claimed, create, head.version)
      const outlier = await outlierOf(this.#deps, head, event, verdict.allowed, users)
      known.set(event.eventId, outlier.event)
      built.push(outlier)
    }
    return built
  }

  #pdu(event: StoredEvent, fresh: ReadonlyMap<EventId, Pdu>): Pdu {
    return fresh.get(event.eventId) ?? this.#deps.events.pdu(event)
  }

  /** The create event, where other events need not name it. */
  async #impliedCreate({ version, roomId }: RoomHead, pdus: ReadonlyMap<EventId, Pdu>): Promise<Pdu | undefined> {
    const createEventId = impliedCreateEventId(roomId, version)
    if (createEventId === undefined) return undefined
    const among = pdus.get(createEventId)
    if (among !== undefined) return among
    const create = await this.#deps.events.findForWriting(createEventId)
    return create && this.#deps.events.pdu(create)
  }
}

/** What storing one outlier takes. */
export function outlierOf(
  deps: EventBuilding,
  head: RoomHead,
  event: RoomEvent,
  isAllowed: boolean,
  users: EntryUsers,
): Promise<BuiltEvent> {
  const status = isAllowed ? eventStatus.outlier : eventStatus.rejected
  const place = { status, stateBefore: undefined, depth: 0, outlierNid: undefined }
  const staged = new StagedChunks(deps.treeCache, head.roomNid, head.pending.nextChunk)
  return refusedEvent(deps, head, event, place, users, staged)
}

/** Sorts events so that each comes after those of its auth events that are among them; cycles are left out. */
function inAuthOrder(events: readonly RoomEvent[]): RoomEvent[] {
  const byId = new Map(events.map((event) => [event.eventId, event]))
  const waitingFor = new Map<EventId, number>()
  const followers = new Map<EventId, RoomEvent[]>()
  const ready: RoomEvent[] = []
  for (const event of byId.values()) {
    const within = [...new Set(authEventIds(event.pdu))].filter((eventId) => byId.has(eventId))
    waitingFor.set(event.eventId, within.length)
    if (within.length === 0) ready.push(event)
    for (const eventId of within) {
      const earlier = followers.get(eventId)
      if (earlier === undefined) followers.set(eventId, [event])
      else earlier.push(event)
    }
  }
  for (const event of ready) {
    for (const follower of followers.get(event.eventId) ?? []) {
      const left = (waitingFor.get(follower.eventId) ?? 0) - 1
      waitingFor.set(follower.eventId, left)
      if (left === 0) ready.push(follower)
    }
  }
  return ready
}
