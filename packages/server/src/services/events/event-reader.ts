import { clientEvent, type EventId, type Pdu, parseJsonText, parsePdu, redact, stringifyJson } from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import { type EventStore, MAX_EVENTS_PER_READ } from '../../storage/event-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'

/** Parsed PDUs kept; the rest are parsed again when needed. */
const PARSED_PDUS = 4_000

/** IDs of durable events whose numbers are kept: other events refer to them. */
const KNOWN_IDS = 50_000

/** What an event costs in memory besides its text: the record, the map entry. */
const RECORD_BYTES = 500

/** A PDU and the redaction that it reflects. */
interface ParsedPdu {
  readonly redactedBy: number | undefined
  readonly pdu: Pdu
}

/** Where events come from that are not at hand. */
export type EventReaderStore = Pick<EventStore, 'findById' | 'findByIds' | 'findByNids'>

interface CachedEvent {
  readonly event: StoredEvent
  /** See `clientJson`. */
  clientJson: string | undefined
}

/**
 * Reads events. Durable ones come from a cache bounded in bytes, or the database; those still on their way to the
 * disk from an overlay, which only a reader who already holds their number can reach.
 */
export class EventReader {
  readonly #store: EventReaderStore
  readonly #cache: LRUCache<number, CachedEvent>
  readonly #pdus = new LRUCache<number, ParsedPdu>({ max: PARSED_PDUS })
  readonly #nids = new LRUCache<EventId, number>({ max: KNOWN_IDS })
  readonly #uncommitted = new Map<number, StoredEvent>()
  readonly #uncommittedNids = new Map<EventId, number>()
  /** Outliers still on their way to the disk while what makes them part of the graph is, too. */
  readonly #superseded = new Set<StoredEvent>()
  #invalidations = 0
  #hits = 0
  #misses = 0

  constructor(deps: { store: EventReaderStore; cacheBytes: number }) {
    this.#store = deps.store
    this.#cache = new LRUCache({
      maxSize: deps.cacheBytes,
      // The client form is about as long as the PDU and made later: room for it is taken at once.
      sizeCalculation: ({ event }) => event.json.length * 2 + RECORD_BYTES,
    })
  }

  /** Cache figures, for metrics. */
  get counts(): { hits: number; misses: number; bytes: number } {
    return { hits: this.#hits, misses: this.#misses, bytes: this.#cache.calculatedSize }
  }

  /** An event that is in memory. */
  atHand(eventNid: number): StoredEvent | undefined {
    return this.#uncommitted.get(eventNid) ?? this.#cache.get(eventNid)?.event
  }

  /** An event by its number. A number without an event is a bug or a damaged database. */
  async get(eventNid: number): Promise<StoredEvent> {
    const event = this.atHand(eventNid) ?? (await this.getMany([eventNid])).get(eventNid)
    if (event === undefined) throw new Error(`no event has number ${eventNid}`)
    return event
  }

  /** Events by their numbers; unknown numbers are left out. */
  async getMany(eventNids: Iterable<number>): Promise<Map<number, StoredEvent>> {
    const found = new Map<number, StoredEvent>()
    const missing: number[] = []
    for (const eventNid of eventNids) {
      const event = this.atHand(eventNid)
      if (event === undefined) missing.push(eventNid)
      else found.set(eventNid, event)
    }
    this.#hits += found.size
    this.#misses += missing.length
    if (missing.length === 0) return found
    // One long list goes to a reader thread; its rows stay out of the cache, which they would flush.
    const isBulk = missing.length > MAX_EVENTS_PER_READ
    const read = () => this.#store.findByNids(missing)
    for (const event of isBulk ? await read() : await this.keeping(read)) found.set(event.eventNid, event)
    return found
  }

  /**
   * Reads durable events and keeps them at hand.
   * @returns what was read, in its order.
   */
  async keeping(read: () => Promise<StoredEvent[]>): Promise<StoredEvent[]> {
    const invalidations = this.#invalidations
    const events = await read()
    // What was read before a row changed must not be kept after it.
    if (invalidations !== this.#invalidations) return events
    // One object stands for an event: what has been rendered of it is found by it.
    return events.map((event) => this.#cache.get(event.eventNid)?.event ?? this.put(event))
  }

  /** A durable event by its ID. */
  findById(eventId: EventId): Promise<StoredEvent | undefined> {
    return this.#store.findById(eventId)
  }

  /** An event by its ID for the write path, which also sees what is not durable yet. */
  async findForWriting(eventId: EventId): Promise<StoredEvent | undefined> {
    return (await this.findManyForWriting([eventId])).get(eventId)
  }

  /** Events by their IDs for the write path, which also sees what is not durable yet; unknown IDs are left out. */
  async findManyForWriting(eventIds: Iterable<EventId>): Promise<Map<EventId, StoredEvent>> {
    const found = new Map<EventId, StoredEvent>()
    const missing: EventId[] = []
    for (const eventId of new Set(eventIds)) {
      const eventNid = this.#uncommittedNids.get(eventId) ?? this.#nids.get(eventId)
      const event = eventNid === undefined ? undefined : this.atHand(eventNid)
      if (event === undefined) missing.push(eventId)
      else found.set(eventId, event)
    }
    if (missing.length === 0) return found
    for (const event of await this.keeping(() => this.#store.findByIds(missing))) found.set(event.eventId, event)
    return found
  }

  /** The event as PDU, in its redacted form if it is redacted. Shared: not to be changed. */
  pdu(event: StoredEvent): Pdu {
    const { eventNid, redactedBy } = event
    const cached = this.#pdus.get(eventNid)
    // Who holds the event as it was before its redaction must not pass that on to those who know better.
    if (cached !== undefined && cached.redactedBy === redactedBy) return cached.pdu
    const original = parsePdu(parseJsonText(event.json), event.roomVersion)
    const pdu = redactedBy === undefined ? original : redact(original, event.roomVersion)
    this.#pdus.set(eventNid, { redactedBy, pdu })
    return pdu
  }

  /**
   * The event as clients get it, in its redacted form if it is redacted: JSON without `unsigned` and without the
   * closing brace, so that a reader's own `unsigned` can be appended.
   */
  clientJson(event: StoredEvent): string {
    const cached = this.#cache.get(event.eventNid)
    if (cached?.event !== event) return this.#renderClientJson(event)
    cached.clientJson ??= this.#renderClientJson(event)
    return cached.clientJson
  }

  #renderClientJson(event: StoredEvent): string {
    const { eventId, roomId, roomVersion } = event
    return stringifyJson({ ...clientEvent(this.pdu(event), eventId, roomId, roomVersion) }).slice(0, -1)
  }

  /** Keeps a durable event at hand. Whoever is to be given it in place of one that is pinned ends `pin` first. */
  put(event: StoredEvent, pdu?: Pdu): StoredEvent {
    const { eventNid, redactedBy } = event
    this.#cache.set(eventNid, { event, clientJson: undefined })
    this.#nids.set(event.eventId, eventNid)
    if (pdu !== undefined) this.#pdus.set(eventNid, { redactedBy, pdu })
    return event
  }

  /**
   * Makes an event that is on its way to the disk visible to those who know its number. An outlier that takes its place
   * in the graph before it is durable is pinned once as either; the place is what is seen.
   */
  pin(event: StoredEvent, pdu: Pdu): void {
    const earlier = this.#uncommitted.get(event.eventNid)
    if (earlier !== undefined && earlier !== event) this.#superseded.add(earlier)
    this.#uncommitted.set(event.eventNid, event)
    this.#uncommittedNids.set(event.eventId, event.eventNid)
    // One whose redaction came first is parsed and redacted when it is needed.
    if (event.redactedBy === undefined) this.#pdus.set(event.eventNid, { redactedBy: undefined, pdu })
  }

  /** Ends `pin` for that very event. */
  unpin(event: StoredEvent): void {
    const { eventNid, eventId } = event
    if (this.#superseded.delete(event) || this.#uncommitted.get(eventNid) !== event) return
    const earlier = this.#superseded.values().find((other) => other.eventNid === eventNid)
    if (earlier !== undefined) {
      this.#superseded.delete(earlier)
      this.#uncommitted.set(eventNid, earlier)
      return
    }
    this.#uncommitted.delete(eventNid)
    if (this.#uncommittedNids.get(eventId) === eventNid) this.#uncommittedNids.delete(eventId)
  }

  /** Forgets what is cached of a room that is no longer known. */
  forgetRoom(roomNid: number): void {
    for (const [eventNid, { event }] of this.#cache.entries()) {
      if (event.roomNid !== roomNid) continue
      this.invalidate(eventNid)
      this.#nids.delete(event.eventId)
    }
  }

  /** Forgets what is cached of an event whose row has changed. */
  invalidate(eventNid: number): void {
    this.#invalidations += 1
    this.#cache.delete(eventNid)
    this.#pdus.delete(eventNid)
  }
}
