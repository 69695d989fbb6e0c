import { type ClientEvent, eventIds, type MessagesReply, type SyncReply } from './replies.ts'
import type { SyncOptions, User } from './user.ts'

/** Events of one page when a gap is closed. */
const PAGE_EVENTS = 50

/**
 * Follows a user's rooms as a client does: answer by answer of `/sync`, going back through `/messages` wherever a
 * timeline is limited. It corrects nothing: what it hears twice it has seen twice.
 */
export class Follower {
  #user: User
  #since: string | undefined
  readonly #seen = new Map<string, ClientEvent[]>()

  constructor(user: User, since?: string) {
    this.#user = user
    this.#since = since
  }

  /** Where it goes on. */
  get since(): string | undefined {
    return this.#since
  }

  /** Timeline events heard of in a room, in the order heard. */
  seen(room: string): readonly ClientEvent[] {
    return this.#seen.get(room) ?? []
  }

  /** Goes on with another server process. */
  continueWith(user: User): void {
    this.#user = user
  }

  /** Asks once. */
  async poll(options: Omit<SyncOptions, 'since'> = {}): Promise<SyncReply> {
    const since = this.#since
    const reply = await this.#user.sync({ ...options, ...(since !== undefined && { since }) })
    const sections = Object.entries(reply.rooms?.join ?? {})
    const heard = await Promise.all(
      sections.map(async ([room, { timeline }]) => {
        const gap = timeline.limited && since !== undefined ? await this.#gap(room, timeline.prev_batch) : []
        return [room, [...gap, ...timeline.events]] as const
      }),
    )
    // Only now, so that an answer whose gap could not be closed is asked for again.
    for (const [room, events] of heard) this.#seen.set(room, [...this.seen(room), ...events])
    this.#since = reply.next_batch
    return reply
  }

  /** Polls without waiting until nothing is new. */
  async catchUp(): Promise<void> {
    for (;;) {
      const { rooms } = await this.poll()
      if (rooms?.join === undefined) return
    }
  }

  async #gap(room: string, prevBatch: string): Promise<ClientEvent[]> {
    const known = new Set(eventIds(this.seen(room)))
    const found: ClientEvent[] = []
    let from: string | undefined = prevBatch
    while (from !== undefined) {
      const page: MessagesReply = await this.#user.messages(room, { from, limit: PAGE_EVENTS })
      for (const event of page.chunk) {
        if (known.has(event.event_id)) return found.reverse()
        found.push(event)
      }
      from = page.end
    }
    return found.reverse()
  }
}
