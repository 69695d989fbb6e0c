import {
  authEventKeys,
  type EventId,
  generateSigningKey,
  type JsonObject,
  type Pdu,
  type PduDraft,
  parseServerName,
  parseUserId,
  prevEventIds,
  referenceTo,
  type RoomEvent,
  type RoomId,
  type ServerName,
  signEvent,
  type UserId,
} from '@magik/protocol'
import type { Core } from '../../src/composition/core.ts'
import type { EventSource, ToldRoomState } from '../../src/services/events/receive/event-source.ts'
import type { Receipt } from '../../src/services/events/receive/received-event.ts'
import { eventStatus, type StoredEvent } from '../../src/storage/stored-event.ts'

/** What an event says. */
export interface Saying {
  readonly type: string
  readonly stateKey?: string
  readonly content?: JsonObject
  readonly sender?: UserId
  readonly redacts?: EventId
}

/** Where an event stands; what is left out is as an honest server would have it. */
export interface Standing {
  /** Its `prev_events`: the room's forward extremities here, if left out. */
  readonly after?: readonly RoomEvent[]
  /** Its `auth_events`. */
  readonly auth?: readonly RoomEvent[]
  readonly depth?: number
  readonly ts?: number
  /** In room versions whose event IDs are given out by servers. */
  readonly eventId?: EventId
}

/** Another server's users speak in rooms of a core: their events are made here, and received there. */
export class RemoteServer {
  readonly name: ServerName
  readonly #core: Core
  readonly #key = generateSigningKey()
  readonly #events = new Map<EventId, RoomEvent>()
  #now = 1_700_000_000_000
  /** What it says the state after an event is. */
  readonly told = new Map<EventId, ToldRoomState>()
  /** What it was asked for. */
  readonly asked: string[] = []

  constructor(core: Core, name = 'remote.example') {
    this.#core = core
    this.name = parseServerName(name)
  }

  /** What others check its signatures with. */
  get verifyKey() {
    return { publicKey: this.#key.publicKey }
  }

  /** One of its users. */
  user(localpart = 'rory'): UserId {
    return parseUserId(`@${localpart}:${this.name}`)
  }

  /** Makes an event, and keeps it for whoever asks. */
  async make(roomId: RoomId, saying: Saying, standing: Standing = {}): Promise<RoomEvent> {
    const { type, stateKey, content = {}, sender = this.user(), redacts } = saying
    const version = (await this.#core.heads.find(roomId))!.version
    const parents = standing.after ?? (await this.extremities(roomId))
    const underCheck = { type, sender, content, ...(stateKey !== undefined && { state_key: stateKey }) }
    const auth = standing.auth ?? (await this.#authEvents(roomId, underCheck, parents))
    const depths = await Promise.all(parents.map((parent) => this.#depth(parent)))
    this.#now += 1_000
    const draft: PduDraft = {
      ...underCheck,
      room_id: roomId,
      prev_events: parents.map((parent) => referenceTo(parent, version)),
      auth_events: auth.map((event) => referenceTo(event, version)),
      depth: standing.depth ?? Math.max(0, ...depths) + 1,
      origin_server_ts: standing.ts ?? this.#now,
      ...(redacts !== undefined && { redacts }),
      ...(version.eventIdFormat === 'assigned' && { event_id: standing.eventId ?? `$${this.#now}:${this.name}` }),
    }
    const event = signEvent(draft, this.name, this.#key, version)
    this.#events.set(event.eventId, event)
    return event
  }

  /** Makes an event and has it received. */
  async sends(roomId: RoomId, saying: Saying, standing: Standing = {}): Promise<RoomEvent & { receipt: Receipt }> {
    const event = await this.make(roomId, saying, standing)
    const [receipt] = await this.delivers(roomId, event)
    return { ...event, receipt: receipt! }
  }

  /** Has events received as one batch. */
  delivers(roomId: RoomId, ...events: RoomEvent[]): Promise<Receipt[]> {
    return this.#core.gapFiller.receive(roomId, events, this.source())
  }

  /** A user of it joins. */
  joins(roomId: RoomId, userId = this.user(), standing: Standing = {}) {
    return this.sends(roomId, member(userId, 'join'), standing)
  }

  /** An event that it has made, or that the core knows. */
  async find(eventId: EventId): Promise<RoomEvent> {
    return this.#events.get(eventId) ?? roomEvent(this.#core, await known(this.#core, { eventId }))
  }

  /** Says that the state after an event is what the core's is after another, with some events in place of others. */
  async tellsState(after: RoomEvent, asAfter: RoomEvent, instead: readonly RoomEvent[] = []): Promise<void> {
    const { roomNid, stateAfter } = await known(this.#core, asAfter)
    const entries = await this.#core.tree.entries(roomNid, stateAfter!)
    const state = await Promise.all(
      entries.map(async ({ event }) => roomEvent(this.#core, await this.#core.events.get(event))),
    )
    const keyOf = ({ pdu }: RoomEvent) => `${pdu.type} ${pdu.state_key}`
    const replaced = new Set(instead.map(keyOf))
    const told = [...state.filter((event) => !replaced.has(keyOf(event))), ...instead]
    const authChain = told.flatMap(({ eventId }) => this.#authChain(eventId))
    this.told.set(after.eventId, { state: told, authChain })
  }

  /** What it answers. */
  source(): EventSource {
    return {
      missingEvents: ({ latest, earliest, limit }) => {
        this.asked.push(`missing events before ${latest.join()}`)
        return Promise.resolve(this.#before(latest, new Set(earliest)).slice(0, limit))
      },
      stateAfter: (_roomId, eventId) => {
        this.asked.push(`state after ${eventId}`)
        return Promise.resolve(this.told.get(eventId))
      },
      authChain: (_roomId, eventId) => {
        this.asked.push(`auth chain of ${eventId}`)
        return Promise.resolve(this.#authChain(eventId))
      },
    }
  }

  /** Events that it does not tell of when asked for missing ones. */
  readonly withheld = new Set<EventId>()

  #before(latest: readonly EventId[], known: ReadonlySet<EventId>): RoomEvent[] {
    const found = new Map<EventId, RoomEvent>()
    const wanted = [...latest]
    for (const eventId of wanted) {
      for (const parent of prevEventIds(this.#events.get(eventId)?.pdu ?? NO_PDU)) {
        const event = this.#events.get(parent)
        if (event === undefined || known.has(parent) || found.has(parent) || this.withheld.has(parent)) continue
        found.set(parent, event)
        wanted.push(parent)
      }
    }
    return [...found.values()]
  }

  #authChain(eventId: EventId): RoomEvent[] {
    const chain = new Map<EventId, RoomEvent>()
    const wanted = [eventId]
    for (const each of wanted) {
      for (const reference of this.#events.get(each)?.pdu.auth_events ?? []) {
        const event = this.#events.get(typeof reference === 'string' ? reference : reference[0])
        if (event === undefined || chain.has(event.eventId)) continue
        chain.set(event.eventId, event)
        wanted.push(event.eventId)
      }
    }
    return [...chain.values()]
  }

  /** The room’s forward extremities here. */
  async extremities(roomId: RoomId): Promise<RoomEvent[]> {
    const head = (await this.#core.heads.find(roomId))!
    return Promise.all(
      head.committed.forwardExtremities.map(async ({ eventNid }) =>
        roomEvent(this.#core, await this.#core.events.get(eventNid)),
      ),
    )
  }

  async #depth({ eventId, pdu }: RoomEvent): Promise<number> {
    return (await this.#core.events.findForWriting(eventId))?.depth ?? pdu.depth.valueOf()
  }

  /** By the state after the first parent that the core knows; by its current state if it knows none. */
  async #authEvents(
    roomId: RoomId,
    event: { type: string; sender: UserId; content: JsonObject; state_key?: string },
    parents: readonly RoomEvent[],
  ): Promise<RoomEvent[]> {
    const { heads, events, tree } = this.#core
    const head = (await heads.find(roomId))!
    let root: number | undefined
    if (parents.length === 1) root = (await events.findForWriting(parents[0]!.eventId))?.stateAfter
    root ??= head.committed.stateRoot
    const found: RoomEvent[] = []
    for (const [type, stateKey] of authEventKeys(event, head.version)) {
      const eventNid = await tree.get(head.roomNid, root, type, stateKey)
      if (eventNid !== undefined) found.push(roomEvent(this.#core, await events.get(eventNid)))
    }
    return found
  }
}

const NO_PDU = { prev_events: [] } as unknown as Pdu

/** A membership, said by its user if nobody else is named. */
export function member(userId: UserId, membership: string, sender = userId): Saying {
  return { type: 'm.room.member', stateKey: userId, content: { membership }, sender }
}

/** Something said. */
export function says(body: string, sender?: UserId): Saying {
  return { type: 'm.room.message', content: { msgtype: 'm.text', body }, ...(sender && { sender }) }
}

/** A topic. */
export function topic(text: string, sender?: UserId): Saying {
  return { type: 'm.room.topic', stateKey: '', content: { topic: text }, ...(sender && { sender }) }
}

/** An event as the core knows it. */
export async function known(core: Core, { eventId }: { eventId: EventId }): Promise<StoredEvent> {
  const event = await core.events.findForWriting(eventId)
  if (event === undefined) throw new Error(`${eventId} is not known`)
  return event
}

/** A stored event as other servers see it. */
export function roomEvent(core: Core, event: StoredEvent): RoomEvent {
  return { eventId: event.eventId, roomId: event.roomId, pdu: core.events.pdu(event) }
}

/** The name of what became of an event. */
export function outcome(receipt: Receipt): string {
  if (receipt.kind === 'missing' || receipt.kind === 'unresolved') return receipt.kind
  const [name] = Object.entries(eventStatus).find(([, status]) => status === receipt.status)!
  return receipt.kind === 'duplicate' ? `duplicate ${name}` : name
}
