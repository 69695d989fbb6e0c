import { authEventIds } from '../event/event-references.ts'
import type { EventId, RoomId } from '../identifiers.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { MAX_BATCH, type ResolutionEvent, type ResolutionEvents, ResolutionLimitError } from './resolution-events.ts'

/** Events kept at hand. A long walk needs each of its events once or twice, close together. */
const MAX_KEPT = 8 * MAX_BATCH

/** What cites an event. */
export interface Citing {
  readonly eventIds: readonly EventId[]
  /** Whether these are all. */
  readonly complete: boolean
}

/** The events of one room, read in batches, with the latest kept. */
export class EventReader {
  readonly version: RoomVersion
  readonly #roomId: RoomId
  readonly #events: ResolutionEvents
  readonly #limit: number
  #visited = 0
  /** In the order of use. `undefined` says that the event is not known. */
  readonly #kept = new Map<EventId, ResolutionEvent | undefined>()

  /** @param limit most events that all walks together may visit. */
  constructor(events: ResolutionEvents, roomId: RoomId, version: RoomVersion, limit: number) {
    this.#events = events
    this.#roomId = roomId
    this.version = version
    this.#limit = limit
  }

  /** The create event where every event cites it by the room's ID alone. */
  get impliedCreate(): EventId | undefined {
    // The room ID was parsed; its other sigil makes it the create event's ID.
    return this.version.createEventIn === 'room-id' ? (`$${this.#roomId.slice(1)}` as EventId) : undefined
  }

  /** Whether `citing` can answer. */
  get hasIndex(): boolean {
    return this.#events.citing !== undefined
  }

  /** The events among those named that are known and belong to the room. */
  async load(eventIds: Iterable<EventId>): Promise<Map<EventId, ResolutionEvent>> {
    const found = new Map<EventId, ResolutionEvent>()
    const missing: EventId[] = []
    for (const eventId of new Set(eventIds)) {
      if (!this.#kept.has(eventId)) {
        missing.push(eventId)
        continue
      }
      const event = this.#kept.get(eventId)
      this.#keep(eventId, event)
      if (event) found.set(eventId, event)
    }
    for (const batch of batches(missing)) {
      const loaded = await this.#events.load(batch)
      for (const eventId of batch) {
        const event = loaded.get(eventId)
        // An event of another room gives no permission in this one (rule 3.4): as good as unknown.
        const own = event?.roomId === this.#roomId ? event : undefined
        this.#keep(eventId, own)
        if (own) found.set(eventId, own)
      }
    }
    return found
  }

  /** The state events that cite each of the events, or some of them where there are more than `limit` allows. */
  async citing(eventIds: readonly EventId[], limit: number): Promise<Map<EventId, Citing>> {
    const found = new Map<EventId, Citing>()
    for (const batch of batches(eventIds)) {
      const cited = await this.#events.citing?.(batch, limit)
      for (const eventId of batch) {
        const citing = cited?.get(eventId) ?? []
        // The index does not know of citations that go without saying.
        const complete = cited !== undefined && citing.length < limit && eventId !== this.impliedCreate
        found.set(eventId, { eventIds: citing, complete })
      }
    }
    return found
  }

  /** The IDs of an event's auth events, each once, with the create event where it goes without saying. */
  authEventIds({ pdu }: ResolutionEvent): readonly EventId[] {
    const { impliedCreate } = this
    const ids = new Set(authEventIds(pdu))
    if (impliedCreate !== undefined && pdu.type !== 'm.room.create') ids.add(impliedCreate)
    return [...ids]
  }

  /** Counts events that a walk is about to keep note of. @throws ResolutionLimitError */
  visit(count: number): void {
    this.#visited += count
    if (this.#visited > this.#limit) throw new ResolutionLimitError(this.#limit)
  }

  #keep(eventId: EventId, event: ResolutionEvent | undefined): void {
    this.#kept.delete(eventId)
    this.#kept.set(eventId, event)
    if (this.#kept.size <= MAX_KEPT) return
    for (const oldest of this.#kept.keys()) {
      this.#kept.delete(oldest)
      return
    }
  }
}

/** The items, at most `MAX_BATCH` at a time. */
export function* batches<Item>(items: readonly Item[]): Generator<readonly Item[], void, void> {
  for (let start = 0; start < items.length; start += MAX_BATCH) yield items.slice(start, start + MAX_BATCH)
}
