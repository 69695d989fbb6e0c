import {
  authEventIds,
  type ClaimedAuthEvent,
  type EventId,
  impliedCreateEventId,
  type Pdu,
  type RoomEvent,
  type RoomId,
  type Verdict,
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
import type { ExpectedEventsDeps } from './expected-events.ts'
import { inGraphOrder } from './graph-order.ts'
import { claimedAuthEvents, judgeByAuthEvents } from './judge-event.ts'
import { refusedEvent } from './refused-event.ts'

/** Events of one commit: while it is made up the room waits. */
const EVENTS_PER_COMMIT = 100

/** How often a commit is made up anew when another writer was first. */
const MAX_ATTEMPTS = 5

/** What storing outliers takes. */
export interface OutliersDeps extends EventBuilding, ExpectedEventsDeps {
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
   * out, as nothing can be said of it, and so is one of another room.
   * @param events their format, hashes and signatures have been checked; in any order.
   */
  async store(roomId: RoomId, events: readonly RoomEvent[]): Promise<void> {
    const own = events.filter((event) => event.roomId === roomId)
    const ordered = inGraphOrder(own, ({ pdu }) => authEventIds(pdu))
    for (let start = 0; start < ordered.length; start += EVENTS_PER_COMMIT) {
      await this.#storeSome(roomId, ordered.slice(start, start + EVENTS_PER_COMMIT))
    }
  }

  async #storeSome(roomId: RoomId, events: readonly RoomEvent[]): Promise<void> {
    const { heads, queue, writer, userNumbers } = this.#deps
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const found = await heads.find(roomId)
      if (found === undefined) throw new Error(`room ${roomId} is not known here`)
      const { durable } = await queue.run(found.roomNid, async () => {
        const head = await heads.sound(roomId)
        if (head === undefined) throw new Error(`room ${roomId} is not known here`)
        const users = new EntryUsers(userNumbers)
        const built = await this.#build(head, events, users)
        // In an object: a bare promise would be waited for before the queue goes on.
        return { durable: built.length === 0 ? head.newestCommit : writer.append({ head, events: built, users }) }
      })
      const result = await durable
      if (result?.committed !== false) return
    }
    throw new Error(`room ${roomId} changes too fast to store outliers`)
  }

  async #build(head: RoomHead, events: readonly RoomEvent[], users: EntryUsers): Promise<BuiltEvent[]> {
    const references = events.flatMap(({ eventId, pdu }) => [eventId, ...authEventIds(pdu)])
    const known = await this.#deps.events.findManyForWriting(references)
    const fresh = new Map<EventId, Pdu>()
    const pduOf = (event: StoredEvent) => fresh.get(event.eventId) ?? this.#deps.events.pdu(event)
    const create = await impliedCreate(this.#deps, head)
    const built: BuiltEvent[] = []
    for (const event of events) {
      if (known.has(event.eventId)) continue
      const authEvents = authEventIds(event.pdu).map((eventId) => known.get(eventId))
      if (!authEvents.every((authEvent) => authEvent !== undefined)) continue
      const verdict = judgeOutlier(head, event, claimedAuthEvents(authEvents, pduOf), create)
      const outlier = await outlierOf(this.#deps, head, event, verdict.allowed, users)
      known.set(event.eventId, outlier.event)
      fresh.set(event.eventId, event.pdu)
      built.push(outlier)
    }
    return built
  }
}

/** What storing an event without a place takes, once its auth events have been asked. */
export async function judgedOutlierOf(
  deps: EventBuilding & ExpectedEventsDeps,
  head: RoomHead,
  event: RoomEvent,
  authEvents: readonly StoredEvent[],
  users: EntryUsers,
): Promise<{ readonly built: BuiltEvent; readonly reason: string | undefined }> {
  const claimed = claimedAuthEvents(authEvents, (authEvent) => deps.events.pdu(authEvent))
  const verdict = judgeOutlier(head, event, claimed, await impliedCreate(deps, head))
  const built = await outlierOf(deps, head, event, verdict.allowed, users)
  return { built, reason: verdict.allowed ? undefined : verdict.rule }
}

function judgeOutlier(
  { version }: RoomHead,
  event: RoomEvent,
  claimed: readonly ClaimedAuthEvent[],
  create: Pdu | undefined,
): Verdict {
  // That of the room has been known ever since the room is: this is another, which its own rules would not refuse.
  if (event.pdu.type === 'm.room.create') {
    return { allowed: false, rule: '1.1', reason: 'A create event must be the first of its room' }
  }
  return judgeByAuthEvents(event, claimed, create, version)
}

/** The create event, where other events need not name it. */
async function impliedCreate({ events }: EventBuilding, { version, roomId }: RoomHead): Promise<Pdu | undefined> {
  const createEventId = impliedCreateEventId(roomId, version)
  const create = createEventId && (await events.findForWriting(createEventId))
  return create && events.pdu(create)
}

/** What storing one outlier takes. */
export function outlierOf(
  deps: EventBuilding & ExpectedEventsDeps,
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
