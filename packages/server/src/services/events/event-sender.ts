import {
  checkAuthRules,
  encodeBase64Url,
  MatrixError,
  type PduDraft,
  parseRoomId,
  type RoomEvent,
  type RoomId,
  type RoomVersion,
  type UserId,
} from '@magik/protocol'
import type { BoundWrite } from '../../platform/database/database.ts'
import type { EventStore } from '../../storage/event-store.ts'
import type { UserNumbers } from '../users/user-numbers.ts'
import { buildCreateEvent, buildEvent, noteBuilt, type EventBuilding, signDraft } from './build-event.ts'
import type { AppendResult, BuiltEvent } from './built-event.ts'
import { EntryUsers } from './entry-users.ts'
import type { EventDraft, SentEvent } from './event-draft.ts'
import { EMPTY_HEAD, RoomHead, type RoomHeads } from './room-heads.ts'
import type { RoomQueue } from './room-queue.ts'
import { RoomView } from './room-view.ts'
import type { RoomWriter } from './room-writer.ts'

/** How often a draft is rebuilt when another writer was first. */
const MAX_ATTEMPTS = 5

/** Bytes of randomness in the ID of a room whose server names it. */
const ROOM_ID_RANDOM_BYTES = 15

/** Decides inside the room's queue, on its newest state, what to send; undefined sends nothing. */
export type Proposal = (room: RoomView) => Promise<EventDraft | undefined> | EventDraft | undefined

/** A room to be made. */
export interface RoomCreation {
  readonly creator: UserId
  readonly version: RoomVersion
  /** The first is the create event. */
  readonly drafts: readonly EventDraft[]
  /** Further rows of the same commit, such as the room's alias; their guards may refuse it. */
  readonly extra?: (roomNid: number, creatorNid: number) => readonly BoundWrite[]
}

/** What the sender stands on. */
export interface EventSenderDeps extends EventBuilding {
  readonly heads: RoomHeads
  readonly queue: RoomQueue
  readonly writer: RoomWriter
  readonly eventStore: EventStore
  readonly userNumbers: UserNumbers
  /** Has another process send a draft, if its room prefers one; undefined: it is to be sent here. */
  readonly forward?: ForwardDraft
}

/** See `EventSenderDeps.forward`. @throws MatrixError as `EventSender.send` */
export type ForwardDraft = (roomId: RoomId, draft: EventDraft) => Promise<SentEvent | undefined>

/** An attempt that has left the room's queue. */
interface Begun {
  /** Undefined when there is nothing to send. */
  readonly built: BuiltEvent | undefined
  /** The commit of it, or the newest one of what the decision was based on, if that may still be under way. */
  readonly durable: Promise<AppendResult> | undefined
}

/** Turns drafts of local users into durable events: one event per transaction ID, and no fork of our own making. */
export class EventSender {
  readonly #deps: EventSenderDeps
  readonly #transactions = new Map<string, Promise<SentEvent>>()
  /** Those among them that are not under way to another process. */
  readonly #transactionsHere = new Map<string, Promise<SentEvent>>()
  #lastCreateTs = 0

  constructor(deps: EventSenderDeps) {
    this.#deps = deps
  }

  /**
   * Sends an event. A repeated transaction ID, stored or under way, answers with the first event.
   * @throws MatrixError M_FORBIDDEN if the room is unknown or its current state does not allow the event; M_TOO_LARGE;
   *   M_BAD_JSON; M_LIMIT_EXCEEDED with status 503 when the server is too busy.
   */
  async send(roomId: RoomId, draft: EventDraft): Promise<SentEvent> {
    const { forward } = this.#deps
    if (forward === undefined || draft.transaction === undefined) return this.sendHere(roomId, draft)
    return shared(this.#transactions, transactionKey(roomId, draft, draft.transaction), async () => {
      return (await forward(roomId, draft)) ?? this.sendHere(roomId, draft)
    })
  }

  /**
   * Sends an event by this process, whichever the room prefers: for drafts that another process has forwarded.
   * @throws MatrixError as `send`
   */
  async sendHere(roomId: RoomId, draft: EventDraft): Promise<SentEvent> {
    const { transaction } = draft
    if (transaction === undefined) return this.#sendNew(roomId, draft)
    return shared(this.#transactionsHere, transactionKey(roomId, draft, transaction), () =>
      this.#sendOnce(roomId, draft, transaction),
    )
  }

  /**
   * Sends what the proposal decides on the room's newest state, which no other event can change in between.
   * @returns undefined when it decided to send nothing, once the state that it saw is durable.
   * @throws MatrixError as `send`, and whatever the proposal throws.
   */
  async propose(roomId: RoomId, proposal: Proposal): Promise<SentEvent | undefined> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const head = await this.#deps.heads.find(roomId)
      if (head === undefined) throw unknownRoom()
      const { built, durable } = await this.#deps.queue.run(head.roomNid, () => this.#begin(roomId, proposal))
      const result = await durable
      if (result?.committed === false) continue
      if (built === undefined || result === undefined) return undefined
      const { eventId, eventNid } = built.event
      return { eventId, eventNid, position: result.position }
    }
    throw tooBusy()
  }

  /**
   * Makes a room: all its first events in one commit.
   * @throws MatrixError as `send`; M_ROOM_IN_USE when a guard of `extra` refuses it.
   */
  async createRoom(creation: RoomCreation): Promise<{ roomId: RoomId; position: number }> {
    for (let attempt = 1; attempt <= MAX_ATTEMPTS; attempt += 1) {
      const { roomId, result } = await this.#createOnce(creation)
      if (result.committed) return { roomId, position: result.position + creation.drafts.length - 1 }
      if (result.guard !== 'user' && result.guard !== 'room') {
        throw new MatrixError('M_ROOM_IN_USE', 'The room alias is already taken')
      }
    }
    throw tooBusy()
  }

  async #sendNew(roomId: RoomId, draft: EventDraft): Promise<SentEvent> {
    const sent = await this.propose(roomId, () => draft)
    if (sent === undefined) throw new Error('a draft was not sent')
    return sent
  }

  async #sendOnce(
    roomId: RoomId,
    draft: EventDraft,
    transaction: { deviceId: string; id: string },
  ): Promise<SentEvent> {
    const { heads, userNumbers, eventStore } = this.#deps
    const head = await heads.find(roomId)
    const senderNid = await userNumbers.find(draft.sender)
    if (head === undefined || senderNid === undefined) throw unknownRoom()
    const find = () =>
      eventStore.findByTransaction({
        senderNid,
        deviceId: transaction.deviceId,
        txnId: transaction.id,
        roomNid: head.roomNid,
        type: draft.type,
      })
    const earlier = await find()
    if (earlier !== undefined) return earlier
    try {
      return await this.#sendNew(roomId, draft)
    } catch (error) {
      // Another process may have sent it meanwhile, and its event has refused this one.
      const sent = await find()
      if (sent === undefined) throw error
      return sent
    }
  }

  /** One attempt, inside the room's queue. */
  async #begin(roomId: RoomId, proposal: Proposal): Promise<Begun> {
    const head = await this.#deps.heads.sound(roomId)
    if (head === undefined) throw unknownRoom()
    try {
      return await this.#beginOn(head, proposal)
    } catch (error) {
      // What it was decided on has been refused meanwhile, and may not even be readable any more.
      if (head.isBroken) return { built: undefined, durable: Promise.resolve({ committed: false, guard: 'head' }) }
      throw error
    }
  }

  async #beginOn(head: RoomHead, proposal: Proposal): Promise<Begun> {
    const draft = await proposal(new RoomView(head, head.pending, this.#deps))
    if (draft === undefined) return { built: undefined, durable: head.newestCommit }
    const users = new EntryUsers(this.#deps.userNumbers)
    const built = await buildEvent(this.#deps, head, draft, users)
    const durable = this.#deps.writer.append({ head, events: [built], users })
    noteBuilt(head, built)
    return { built, durable }
  }

  async #createOnce(creation: RoomCreation): Promise<{ roomId: RoomId; result: AppendResult }> {
    const { heads, numbers, userNumbers, clock, writer } = this.#deps
    const [first, ...rest] = creation.drafts
    if (first === undefined) throw new Error('a room needs a create event')
    const create = this.#signCreate(first, creation.version)
    const { roomId } = create
    const roomNid = await numbers.next('room')
    const head = new RoomHead({ roomNid, roomId, version: creation.version, head: EMPTY_HEAD, position: 0 })
    const users = new EntryUsers(userNumbers)
    const creatorNid = await users.numberOf(creation.creator)
    const events: BuiltEvent[] = []
    try {
      events.push(this.#stage(head, await buildCreateEvent(this.#deps, head, first, create, users)))
      for (const draft of rest) events.push(this.#stage(head, await buildEvent(this.#deps, head, draft, users)))
    } catch (error) {
      for (const built of events) writer.unstage(head, built)
      throw error
    }
    const extra = creation.extra?.(roomNid, creatorNid) ?? []
    const result = await writer.append({
      head,
      events,
      users,
      creation: { creatorNid, createdTs: clock.now(), extra },
    })
    if (result.committed) heads.add(head)
    return { roomId, result }
  }

  #stage(head: RoomHead, built: BuiltEvent): BuiltEvent {
    this.#deps.writer.stage(head, built)
    noteBuilt(head, built)
    head.pending = built.head
    return built
  }

  /**
   * From room version 12 on a room's ID is the hash of its create event, which holds nothing random: two rooms of one
   * creator in the same millisecond would be one.
   */
  #newCreateTs(): number {
    this.#lastCreateTs = Math.max(this.#deps.clock.now(), this.#lastCreateTs + 1)
    return this.#lastCreateTs
  }

  #signCreate(draft: EventDraft, version: RoomVersion): RoomEvent {
    const { serverName, randomBytes } = this.#deps
    const fields: PduDraft = {
      type: draft.type,
      sender: draft.sender,
      content: draft.content,
      origin_server_ts: draft.originServerTs ?? this.#newCreateTs(),
      state_key: '',
      auth_events: [],
      prev_events: [],
      depth: 1,
    }
    if (version.roomIdFormat === 'domain') {
      fields.room_id = parseRoomId(`!${encodeBase64Url(randomBytes(ROOM_ID_RANDOM_BYTES))}:${serverName}`)
    }
    const create = signDraft(this.#deps, version, fields)
    const verdict = checkAuthRules(create, () => undefined, version)
    if (!verdict.allowed) throw new MatrixError('M_FORBIDDEN', verdict.reason)
    return create
  }
}

/** What makes two drafts the same request. */
function transactionKey(
  roomId: RoomId,
  { sender, type }: EventDraft,
  { deviceId, id }: NonNullable<EventDraft['transaction']>,
): string {
  return JSON.stringify([sender, deviceId, roomId, type, id])
}

/** Begins what is not under way yet, else shares it. */
function shared(
  underWay: Map<string, Promise<SentEvent>>,
  key: string,
  begin: () => Promise<SentEvent>,
): Promise<SentEvent> {
  const known = underWay.get(key)
  if (known !== undefined) return known
  const sending = begin().finally(() => underWay.delete(key))
  underWay.set(key, sending)
  return sending
}

function unknownRoom(): MatrixError {
  // The same answer as for a room the sender is not in: whether a room exists is nobody's business.
  return new MatrixError('M_FORBIDDEN', 'You are not in this room')
}

function tooBusy(): MatrixError {
  return new MatrixError('M_LIMIT_EXCEEDED', 'Too many writers at once', {
    status: 503,
    fields: { retry_after_ms: 1_000 },
  })
}
