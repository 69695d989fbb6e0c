import type { Clock } from '../clock.ts'
import { type JsonRecord, parseRecord, recordField, recordsField, stringField } from '../matrix/json-fields.ts'
import type { Session } from '../matrix/session.ts'

const LONG_POLL_MS = 30_000

/** Enough that a slow server's backlog does not make a gap in the timeline. */
const TIMELINE_LIMIT = 100

/** A client that long-polls /sync and notes when each message of some rooms arrives. */
export class Listener {
  readonly #session: Session
  readonly #roomIds: readonly string[]
  readonly #clock: Clock
  readonly #receivedMs = new Map<string, number>()
  readonly #awaited = new Map<string, () => void>()
  #since = ''

  constructor(session: Session, roomIds: readonly string[], clock: Clock) {
    this.#session = session
    this.#roomIds = roomIds
    this.#clock = clock
  }

  /** Fetches the token to listen from, cheaply: the filter shows one event of each room. */
  async catchUp(): Promise<void> {
    const filter = JSON.stringify({ room: { rooms: this.#roomIds, timeline: { limit: 1 }, state: { types: [] } } })
    this.#since = stringField(parseRecord(await this.#session.sync({ filter })), 'next_batch')
  }

  /**
   * Long-polls until `count` messages have arrived.
   * @throws Error if one arrives twice, or the server leaves a gap in the timeline.
   */
  async listen(count: number): Promise<void> {
    const filter = JSON.stringify({ room: { timeline: { limit: TIMELINE_LIMIT } } })
    while (this.#receivedMs.size < count) {
      const body = await this.#session.sync({ since: this.#since, timeoutMs: LONG_POLL_MS, filter })
      const receivedMs = this.#clock.now()
      const reply = parseRecord(body)
      this.#since = stringField(reply, 'next_batch')
      const joined = recordField(recordField(reply, 'rooms'), 'join')
      for (const roomId of this.#roomIds) this.#note(recordField(recordField(joined, roomId), 'timeline'), receivedMs)
    }
  }

  #note(timeline: JsonRecord, receivedMs: number): void {
    if (timeline['limited'] === true) throw new Error('a /sync left a gap in the timeline')
    for (const event of recordsField(timeline, 'events')) {
      if (event['type'] !== 'm.room.message') continue
      const eventId = stringField(event, 'event_id')
      if (this.#receivedMs.has(eventId)) throw new Error(`event ${eventId} was delivered twice by /sync`)
      this.#receivedMs.set(eventId, receivedMs)
      this.#awaited.get(eventId)?.()
      this.#awaited.delete(eventId)
    }
  }

  /** Resolves when the event has arrived, as long as somebody listens. Asked once for an event. */
  arrival(eventId: string): Promise<void> {
    if (this.#receivedMs.has(eventId)) return Promise.resolve()
    return new Promise((resolve) => this.#awaited.set(eventId, resolve))
  }

  /**
   * When the event arrived.
   * @throws Error if it has not.
   */
  receivedMs(eventId: string): number {
    const receivedMs = this.#receivedMs.get(eventId)
    if (receivedMs === undefined) throw new Error(`acknowledged event ${eventId} never arrived by /sync`)
    return receivedMs
  }
}
