import type { UserId } from '@magik/protocol'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { EventVisibility } from '../events/event-visibility.ts'
import type { RoomView } from '../events/room-view.ts'
import { letsEverythingThrough, matchesRoom, matchesRoomEvent } from './room-event-matcher.ts'
import type { RoomTails } from './room-tails.ts'
import type { RoomEventFilter } from './sync-filter.ts'

/** Events looked at, at most, to fill a timeline through a narrow filter. */
const MAX_EXAMINED = 500

/** Events read at once when the filter is narrow. */
const WIDE_PAGE = 90

/** A room's timeline in a sync response. */
export interface TimelineSection {
  /** Oldest first. */
  readonly events: readonly StoredEvent[]
  /** Whether there are older events since the last sync that are not here. */
  readonly limited: boolean
  /** State sections describe the room just before this position: where `events`, or what was asked for, begin. */
  readonly startsAt: number
  /** The last position that the section speaks of. */
  readonly endsAt: number
}

/** A stretch of a room's timeline for one reader. */
export interface TimelineRequest {
  readonly room: RoomView
  readonly reader: UserId
  readonly after: number
  readonly upTo: number
  readonly limit: number
  readonly filter: RoomEventFilter
}

/** Picks the newest events of a room that a reader may see and wants. */
export class RoomTimelines {
  readonly #tails: RoomTails
  readonly #events: EventReader
  readonly #visibility: EventVisibility

  constructor(deps: { tails: RoomTails; events: EventReader; visibility: EventVisibility }) {
    this.#tails = deps.tails
    this.#events = deps.events
    this.#visibility = deps.visibility
  }

  /** The newest events of `(after, upTo]`, at most `limit`. */
  async section(request: TimelineRequest): Promise<TimelineSection> {
    const { room, reader, after, filter } = request
    const isWide = letsEverythingThrough(filter)
    const endsAt = request.upTo
    if (request.limit === 0 || !matchesRoom(filter, room.roomId)) {
      const { events } = await this.#tails.newest(room.roomNid, { after, upTo: request.upTo, limit: 1 })
      return { events: [], limited: events.length > 0, startsAt: request.upTo + 1, endsAt }
    }
    const chosen: StoredEvent[] = []
    let upTo = request.upTo
    let examined = 0
    for (;;) {
      const limit = isWide ? request.limit - chosen.length : WIDE_PAGE
      const page = await this.#tails.newest(room.roomNid, { after, upTo, limit })
      examined += page.events.length
      const wanted = isWide
        ? page.events
        : page.events.filter((event) => matchesRoomEvent(filter, event, (it) => this.#events.pdu(it).content))
      const visible = await this.#visibility.filter(wanted, { userId: reader }, room)
      const fitting = visible.slice(-(request.limit - chosen.length))
      chosen.unshift(...fitting)
      const leftOut = page.hasMore || fitting.length < visible.length
      const oldest = page.events[0]?.position ?? after + 1
      if (!leftOut) return { events: chosen, limited: false, startsAt: after + 1, endsAt }
      if (chosen.length >= request.limit || examined >= MAX_EXAMINED) {
        return { events: chosen, limited: true, startsAt: chosen[0]?.position ?? oldest, endsAt }
      }
      upTo = oldest - 1
    }
  }
}
