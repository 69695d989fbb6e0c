import type { EventId } from '../identifiers.ts'
import { batches, type EventReader } from './event-reader.ts'

/**
 * The mainline of a power levels event, and where others stand on it. It is walked only as far as is asked for, so
 * that events of late cost nothing in a room with a long history of power levels.
 * @spec rooms/v12/#definitions
 */
export class Mainline {
  readonly #reader: EventReader
  /** Position of each event of the mainline, as far as it has been walked. */
  readonly #positions = new Map<EventId, number>()
  /** The last event of the mainline walked so far; `undefined` once it has been walked to its end. */
  #last: EventId | undefined
  /** For each power levels event looked up, the one among its auth events. */
  readonly #before = new Map<EventId, EventId | undefined>()

  /** @param powerLevels the event the mainline begins with; without one no event has a position. */
  constructor(powerLevels: EventId | undefined, reader: EventReader) {
    this.#reader = reader
    this.#last = powerLevels
    if (powerLevels !== undefined) this.#positions.set(powerLevels, 0)
  }

  /** The mainline position of each event; infinite if the event does not stem from the mainline. */
  async positionsOf(eventIds: readonly EventId[]): Promise<Map<EventId, number>> {
    if (this.#positions.size === 0) return new Map(eventIds.map((eventId) => [eventId, Infinity]))
    const cited = await this.#powerLevelsCitedBy(eventIds)
    const starts = new Set([...cited.values()].filter((eventId) => eventId !== undefined))
    let found = this.#follow(starts)
    for (let steps = 1; found.unfinished; steps *= 2) {
      // All lines go back step by step until they meet, which for events of late is soon. Looking whether they have met
      // takes longer each time, hence the doubling.
      let ends = found.ends
      for (let step = 0; step < steps; step++) ends = await this.#stepBack(ends)
      found = this.#follow(starts)
    }
    return new Map(
      eventIds.map((eventId) => {
        const start = cited.get(eventId)
        return [eventId, (start === undefined ? undefined : found.positions.get(start)) ?? Infinity]
      }),
    )
  }

  /** Takes the mainline, and the lines that end in these events, one event further. */
  async #stepBack(ends: readonly EventId[]): Promise<EventId[]> {
    const last = this.#last
    const wanted = new Set(last === undefined ? ends : [...ends, last])
    const unknown = [...wanted].filter((eventId) => !this.#before.has(eventId))
    this.#reader.visit(unknown.length)
    for (const [eventId, before] of await this.#powerLevelsCitedBy(unknown)) this.#before.set(eventId, before)
    if (last !== undefined) {
      const next = this.#before.get(last)
      // A line that runs in a circle ends where it would begin anew.
      this.#last = next === undefined || this.#positions.has(next) ? undefined : next
      if (this.#last !== undefined) this.#positions.set(this.#last, this.#positions.size)
    }
    return ends.flatMap((end) => this.#before.get(end) ?? []).filter((eventId) => !this.#before.has(eventId))
  }

  /** Follows lines as far as they are known: to the mainline, or to the events that are to be looked up next. */
  #follow(starts: Iterable<EventId>): { positions: Map<EventId, number>; ends: EventId[]; unfinished: boolean } {
    const positions = new Map<EventId, number>()
    const ends: EventId[] = []
    const passed = new Set<EventId>()
    let unplaced = false
    for (const start of starts) {
      const line: EventId[] = []
      let at: EventId | undefined = start
      while (at !== undefined && !passed.has(at) && !this.#positions.has(at)) {
        line.push(at)
        passed.add(at)
        if (!this.#before.has(at)) ends.push(at)
        at = this.#before.get(at)
      }
      const position = at === undefined ? undefined : (this.#positions.get(at) ?? positions.get(at))
      if (position === undefined) unplaced = true
      else for (const eventId of [start, ...line]) positions.set(eventId, position)
    }
    // A line that has come to its end may still prove to be of the mainline, as long as that goes on.
    return { positions, ends, unfinished: unplaced && (ends.length > 0 || this.#last !== undefined) }
  }

  /** The power levels event among each event's auth events. */
  async #powerLevelsCitedBy(eventIds: readonly EventId[]): Promise<Map<EventId, EventId | undefined>> {
    const cited = new Map<EventId, EventId | undefined>()
    for (const batch of batches(eventIds)) {
      const events = await this.#reader.load(batch)
      const authEvents = await this.#reader.load([...events.values()].flatMap((e) => this.#reader.authEventIds(e)))
      for (const eventId of batch) {
        const event = events.get(eventId)
        const authEventIds = event ? this.#reader.authEventIds(event) : []
        cited.set(
          eventId,
          authEventIds.find((authEventId) => {
            const pdu = authEvents.get(authEventId)?.pdu
            return pdu?.type === 'm.room.power_levels' && pdu.state_key === ''
          }),
        )
      }
    }
    return cited
  }
}
