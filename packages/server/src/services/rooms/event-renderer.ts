import { nextTurn } from '../../platform/clock/next-turn.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { ClientEvents, EventAudience } from '../events/client-events.ts'
import type { EventReader } from '../events/event-reader.ts'

/** Events handled at a stretch: a few milliseconds. */
const STRETCH = 100

/** Events read from the database at once. */
const READ_AT_ONCE = 400

/** Reads and renders long lists of events, such as the members of a large room, without holding up other work. */
export class EventRenderer {
  readonly #events: EventReader
  readonly #clientEvents: ClientEvents

  constructor(deps: { readonly events: EventReader; readonly clientEvents: ClientEvents }) {
    this.#events = deps.events
    this.#clientEvents = deps.clientEvents
  }

  /** Events by their numbers that pass a test, in the order of the numbers. */
  async select(eventNids: readonly number[], isWanted: (event: StoredEvent) => boolean): Promise<StoredEvent[]> {
    const selected: StoredEvent[] = []
    for (const part of parts(eventNids, READ_AT_ONCE)) {
      const found = await this.#events.getMany(part)
      for (const stretch of parts(part, STRETCH)) {
        for (const eventNid of stretch) {
          const event = found.get(eventNid)
          if (event !== undefined && isWanted(event)) selected.push(event)
        }
        if (eventNids.length > STRETCH) await nextTurn()
      }
    }
    return selected
  }

  /** The events as JSON texts, in the order given. */
  async render(events: readonly StoredEvent[], audience: EventAudience): Promise<string[]> {
    const rendered: string[] = []
    for (const stretch of parts(events, STRETCH)) {
      rendered.push(...(await this.#clientEvents.renderAll(stretch, audience)))
      if (events.length > STRETCH) await nextTurn()
    }
    return rendered
  }
}

function* parts<T>(items: readonly T[], size: number): Generator<readonly T[]> {
  for (let start = 0; start < items.length; start += size) yield items.slice(start, start + size)
}
