import { nextTurn } from '../../platform/clock/next-turn.ts'
import type { EventStore, TopologicalPosition } from '../../storage/event-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { StateReading } from '../events/auth-state.ts'
import type { EventAudience } from '../events/client-events.ts'
import type { EventVisibility } from '../events/event-visibility.ts'
import type { ChangeLog } from '../log/change-log.ts'
import { letsEverythingThrough, matchesRoom, matchesRoomEvent } from '../sync/room-event-matcher.ts'
import { formatToken, type StreamToken, type TopologicalToken } from '../sync/stream-token.ts'
import type { RoomEventFilter } from '../sync/sync-filter.ts'
import type { EventRenderer } from './event-renderer.ts'
import type { RoomReading } from './room-access.ts'

/** Most events of a page. */
export const MAX_PAGE_EVENTS = 100

/** Events looked at, at most, to fill a page: beyond it the client is told to come back. */
const MAX_EXAMINED = 1_000

/** Before the first event of any room. */
const BEGINNING: TopologicalPosition = { depth: 0, eventNid: 0 }

/**
 * A walk through a room's events. Places lie between events: one stands just after the event that it names, which
 * need not exist.
 */
interface Walk {
  readonly reading: RoomReading
  readonly reader: EventAudience
  readonly from: TopologicalPosition
  /** Where the walk ends at the latest. */
  readonly to: TopologicalPosition | undefined
  readonly direction: 'b' | 'f'
  readonly limit: number
  readonly filter: RoomEventFilter
}

interface WalkedEvents {
  /** In the order of the walk. */
  readonly events: readonly StoredEvent[]
  /** How far the walk got. */
  readonly place: TopologicalPosition
  /** Whether there is nothing further on. */
  readonly isAtEnd: boolean
}

/** A page of a room's events, asked for. */
export interface MessagesRequest {
  readonly reading: RoomReading
  readonly reader: EventAudience
  readonly from: StreamToken | TopologicalToken | undefined
  readonly to: StreamToken | TopologicalToken | undefined
  readonly direction: 'b' | 'f'
  readonly limit: number
  readonly filter: RoomEventFilter
}

/** Events around one event, asked for. */
export interface ContextRequest {
  readonly reading: RoomReading
  readonly reader: EventAudience
  readonly event: StoredEvent
  readonly limit: number
  readonly filter: RoomEventFilter
}

/** What paging stands on. */
export interface RoomMessagesDeps extends StateReading {
  readonly eventStore: EventStore
  readonly visibility: EventVisibility
  readonly renderer: EventRenderer
  readonly log: ChangeLog
  /** Names the database's incarnation in tokens. */
  readonly epoch: string
}

/** Pages through a room's events in their order, whatever of them the reader may see. */
export class RoomMessages {
  readonly #deps: RoomMessagesDeps

  constructor(deps: RoomMessagesDeps) {
    this.#deps = deps
  }

  /** The response body. @spec client-server-api/#get_matrixclientv3roomsroomidmessages */
  async page(request: MessagesRequest): Promise<string> {
    const { reading, reader, direction, filter } = request
    const from = this.#withinReach(await this.#startOf(request), request)
    const to = request.to && (await this.#place(reading, request.to))
    const walked = await this.#walk({ reading, reader, from, to, direction, limit: request.limit, filter })
    const state = await this.#lazyMembers(walked.events, walked.events[0], filter)
    const { renderer } = this.#deps
    // At the live end of the room more may come: only a page without events says that there is nothing.
    const isLast = walked.isAtEnd && (direction === 'b' || walked.events.length === 0)
    const body = [
      `"start":${JSON.stringify(request.from === undefined ? this.#token(from) : formatToken(request.from))}`,
      ...(isLast ? [] : [`"end":${JSON.stringify(this.#token(walked.place))}`]),
      `"chunk":[${(await renderer.render(walked.events, reader)).join(',')}]`,
      ...(filter.lazyLoadMembers ? [`"state":[${(await renderer.render(state, reader)).join(',')}]`] : []),
    ]
    return `{${body.join(',')}}`
  }

  /** The response body. @spec client-server-api/#get_matrixclientv3roomsroomidcontexteventid */
  async context(request: ContextRequest): Promise<string> {
    const { reading, reader, event, limit, filter } = request
    const common = { reading, reader, filter, to: undefined }
    const before = await this.#walk({
      ...common,
      from: this.#withinReach(placeBefore(event), { reading, direction: 'b' }),
      direction: 'b',
      limit: Math.ceil(limit / 2),
    })
    const after = await this.#walk({ ...common, from: placeAfter(event), direction: 'f', limit: Math.floor(limit / 2) })
    const last = after.events.at(-1) ?? event
    const state = await this.#contextState([...before.events, event, ...after.events], last, filter)
    const { renderer } = this.#deps
    const [rendered] = await renderer.render([event], reader)
    const body = [
      `"start":${JSON.stringify(this.#token(before.place))}`,
      `"end":${JSON.stringify(this.#token(after.place))}`,
      `"events_before":[${(await renderer.render(before.events, reader)).join(',')}]`,
      `"event":${rendered ?? 'null'}`,
      `"events_after":[${(await renderer.render(after.events, reader)).join(',')}]`,
      `"state":[${(await renderer.render(state, reader)).join(',')}]`,
    ]
    return `{${body.join(',')}}`
  }

  async #startOf({ reading, from, direction }: MessagesRequest): Promise<TopologicalPosition> {
    if (from !== undefined) return this.#place(reading, from)
    if (direction === 'f') return BEGINNING
    return this.#placeAt(reading, this.#deps.log.position)
  }

  /** Who has left begins no later than where they left. */
  #withinReach(
    place: TopologicalPosition,
    { reading, direction }: Pick<MessagesRequest, 'reading' | 'direction'>,
  ): TopologicalPosition {
    const { departure } = reading
    return direction === 'b' && departure !== undefined && compare(place, departure) > 0 ? placeAfter(departure) : place
  }

  async #place(reading: RoomReading, token: StreamToken | TopologicalToken): Promise<TopologicalPosition> {
    if (token.kind === 'topological') return { depth: token.depth, eventNid: token.eventNid }
    const { log, epoch } = this.#deps
    // A position of another incarnation of the database says nothing here.
    const position = token.epoch === epoch ? Math.min(token.position, log.position) : log.position
    return this.#placeAt(reading, position)
  }

  async #placeAt({ room }: RoomReading, position: number): Promise<TopologicalPosition> {
    return (await this.#deps.eventStore.placeAt(room.roomNid, position)) ?? BEGINNING
  }

  async #walk(walk: Walk): Promise<WalkedEvents> {
    const { reading, reader, filter, limit } = walk
    if (!matchesRoom(filter, reading.room.roomId)) return { events: [], place: walk.from, isAtEnd: true }
    const isWide = letsEverythingThrough(filter)
    const events: StoredEvent[] = []
    let place = walk.from
    for (let examined = 0; events.length < limit && examined < MAX_EXAMINED; ) {
      // One more than is needed tells whether there is anything further on.
      const size = isWide ? Math.min(limit - events.length + 1, MAX_PAGE_EVENTS) : MAX_PAGE_EVENTS
      const batch = await this.#read(walk, place, size)
      const wanted = batch.filter((event) => matchesRoomEvent(filter, event, (it) => this.#deps.events.pdu(it).content))
      const visible = new Set(await this.#deps.visibility.filter(wanted, reader, reading.room))
      for (const event of batch) {
        if (isBeyond(event, walk)) return { events, place: walk.to ?? place, isAtEnd: walk.to === undefined }
        if (events.length === limit) return { events, place, isAtEnd: false }
        if (visible.has(event)) events.push(event)
        place = walk.direction === 'b' ? placeBefore(event) : placeAfter(event)
      }
      examined += batch.length
      if (batch.length < size) return { events, place, isAtEnd: true }
      await nextTurn()
    }
    return { events, place, isAtEnd: false }
  }

  #read({ reading, direction }: Walk, place: TopologicalPosition, size: number): Promise<StoredEvent[]> {
    const { eventStore, log } = this.#deps
    const { room, departure } = reading
    if (direction === 'b') return eventStore.olderThan(room.roomNid, justAfter(place), size)
    return eventStore.newerThan(room.roomNid, place, departure?.position ?? log.position, size)
  }

  /** The senders' membership events, for clients that load them lazily. */
  async #lazyMembers(
    events: readonly StoredEvent[],
    at: StoredEvent | undefined,
    filter: RoomEventFilter,
  ): Promise<StoredEvent[]> {
    if (!filter.lazyLoadMembers || at?.stateAfter === undefined) return []
    const { tree } = this.#deps
    const keys = [...new Set(events.map(({ sender }) => sender))].map((stateKey) => ({
      type: 'm.room.member',
      stateKey,
    }))
    const eventNids = await tree.getMany(at.roomNid, at.stateAfter, keys)
    return this.#deps.renderer.select(
      eventNids.filter((eventNid) => eventNid !== undefined),
      () => true,
    )
  }

  async #contextState(
    events: readonly StoredEvent[],
    at: StoredEvent,
    filter: RoomEventFilter,
  ): Promise<StoredEvent[]> {
    const { tree, renderer, events: reader } = this.#deps
    const members = await this.#lazyMembers(events, at, filter)
    const without = filter.lazyLoadMembers ? { notTypes: ['m.room.member'] } : {}
    const entries = await tree.entries(at.roomNid, at.stateAfter ?? 0, without)
    const isWanted = (event: StoredEvent) => matchesRoomEvent(filter, event, (it) => reader.pdu(it).content)
    const rest = await renderer.select(
      entries.map(({ event }) => event),
      isWanted,
    )
    return [...rest, ...members.filter(isWanted)]
  }

  #token({ depth, eventNid }: TopologicalPosition): string {
    return formatToken({ kind: 'topological', epoch: this.#deps.epoch, depth, eventNid })
  }
}

/** Whether a walk ends before an event: at its own end, or where the reader left. */
function isBeyond(event: StoredEvent, { direction, to, reading }: Walk): boolean {
  const { departure } = reading
  if (direction === 'b') return to !== undefined && compare(event, to) <= 0
  return (to !== undefined && compare(event, to) > 0) || (departure !== undefined && compare(event, departure) > 0)
}

/** Negative: the first comes earlier. */
function compare(first: TopologicalPosition, second: TopologicalPosition): number {
  return first.depth - second.depth || first.eventNid - second.eventNid
}

function placeAfter({ depth, eventNid }: TopologicalPosition): TopologicalPosition {
  return { depth, eventNid }
}

function placeBefore({ depth, eventNid }: TopologicalPosition): TopologicalPosition {
  return { depth, eventNid: eventNid - 1 }
}

/** The bound that lets through the event a place names. */
function justAfter({ depth, eventNid }: TopologicalPosition): TopologicalPosition {
  return { depth, eventNid: eventNid + 1 }
}
