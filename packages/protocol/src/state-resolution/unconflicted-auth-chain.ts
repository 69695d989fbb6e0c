import type { EventId } from '../identifiers.ts'
import { batches, type EventReader } from './event-reader.ts'
import { GraphEdges } from './graph-edges.ts'
import type { StateConflict } from './state-conflict.ts'
import { unconflictedAmong } from './unconflicted-events.ts'

/** Most events asked for that cite one event, in the first attempt and in the second. */
const CITING_LIMITS = [32, 1_024]
const SEARCH_LIMIT = 5_000

/**
 * Which events are in the state on which all forks agree or in the auth chains of its events.
 *
 * To tell, one looks upwards: an event belongs to it if something that cites it, or cites that, is an entry on which
 * all agree. An old event has many above it, and nearly any path leads to the current membership of somebody; a new
 * one has few, and all can be looked at. Where there is no index to look upwards with, or it leads nowhere, the auth
 * chains are walked down once from the whole state.
 */
export class UnconflictedAuthChain {
  readonly #conflict: StateConflict
  readonly #reader: EventReader
  readonly #searchLimit: number
  readonly #verdicts = new Map<EventId, boolean>()
  #everything: ReadonlySet<EventId> | undefined

  /** @param searchLimit most events met in one attempt at looking upwards. */
  constructor(conflict: StateConflict, reader: EventReader, searchLimit: number = SEARCH_LIMIT) {
    this.#searchLimit = searchLimit
    this.#conflict = conflict
    this.#reader = reader
  }

  /** Those of the events that belong to it. */
  async among(eventIds: readonly EventId[]): Promise<ReadonlySet<EventId>> {
    for (const limit of this.#reader.hasIndex && !this.#everything ? CITING_LIMITS : []) {
      const undecided = eventIds.filter((eventId) => !this.#verdicts.has(eventId))
      if (undecided.length > 0) await this.#searchUpwards(undecided, limit)
    }
    if (eventIds.some((eventId) => !this.#verdicts.has(eventId))) {
      this.#everything ??= await this.#walkDown()
      for (const eventId of eventIds) this.#verdicts.set(eventId, this.#everything.has(eventId))
    }
    return new Set(eventIds.filter((eventId) => this.#verdicts.get(eventId)))
  }

  /** Decides all events that can be decided with so many citing events each. */
  async #searchUpwards(eventIds: readonly EventId[], limit: number): Promise<void> {
    const seen = new Set(eventIds)
    const citing = new GraphEdges()
    const cited = new GraphEdges()
    const open = new Set<EventId>()
    const waiting = new Set(eventIds)
    let undecided = eventIds
    let pending = eventIds
    while (pending.length > 0 && seen.size <= this.#searchLimit) {
      const met: EventId[] = []
      const agreed: EventId[] = []
      for (const [eventId, { eventIds: citingIds, complete }] of await this.#reader.citing(pending, limit)) {
        waiting.delete(eventId)
        if (!complete) open.add(eventId)
        for (const citingId of citingIds) {
          citing.add(eventId, citingId)
          cited.add(citingId, eventId)
          if (this.#verdicts.get(citingId)) agreed.push(citingId)
          if (seen.has(citingId)) continue
          seen.add(citingId)
          waiting.add(citingId)
          met.push(citingId)
        }
      }
      this.#reader.visit(met.length)
      agreed.push(...(await this.#entriesAmong(met)))
      for (const eventId of cited.reachableFrom(agreed)) this.#verdicts.set(eventId, true)
      undecided = undecided.filter((eventId) => !this.#verdicts.has(eventId))
      // What is above those already decided need not be known, unless it proves to be above another as well.
      const wanted = citing.reachableFrom(undecided)
      pending = [...waiting].filter((eventId) => wanted.has(eventId) && !this.#verdicts.has(eventId))
    }
    for (const eventId of pending) open.add(eventId)
    const unsure = cited.reachableFrom(open)
    for (const eventId of citing.reachableFrom(undecided.filter((eventId) => !unsure.has(eventId)))) {
      this.#verdicts.set(eventId, false)
    }
  }

  async #entriesAmong(eventIds: readonly EventId[]): Promise<EventId[]> {
    const entries: EventId[] = []
    for (const batch of batches(eventIds.filter((eventId) => !this.#verdicts.has(eventId)))) {
      entries.push(...(await unconflictedAmong(batch, await this.#reader.load(batch), this.#conflict)))
    }
    return entries
  }

  async #walkDown(): Promise<Set<EventId>> {
    const seen = new Set<EventId>()
    for await (const eventIds of this.#conflict.unconflictedEvents()) {
      for (let pending = this.#unseen(eventIds, seen); pending.length > 0; ) {
        const next: EventId[] = []
        for (const batch of batches(pending)) {
          for (const event of (await this.#reader.load(batch)).values()) next.push(...this.#reader.authEventIds(event))
        }
        pending = this.#unseen(next, seen)
      }
    }
    return seen
  }

  #unseen(eventIds: readonly EventId[], seen: Set<EventId>): EventId[] {
    const before = seen.size
    const unseen: EventId[] = []
    for (const eventId of eventIds) {
      if (seen.has(eventId)) continue
      seen.add(eventId)
      unseen.push(eventId)
    }
    this.#reader.visit(seen.size - before)
    return unseen
  }
}
