import { type EventId, MatrixError, type RoomId } from '@magik/protocol'
import type { EventRemovalStore } from '../../storage/event-removal-store.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { Rooms } from '../rooms/rooms.ts'

/** What finding a point in a room's history takes. */
export interface HistoryPointsDeps {
  readonly rooms: Rooms
  readonly events: EventReader
  readonly eventRemovalStore: EventRemovalStore
}

/** Finds the depth up to which a room's history is to be purged. */
export class HistoryPoints {
  readonly #deps: HistoryPointsDeps

  constructor(deps: HistoryPointsDeps) {
    this.#deps = deps
  }

  /** The depth of an event. @throws MatrixError M_NOT_FOUND; M_UNKNOWN (400) for an event of another room */
  async ofEvent(roomId: RoomId, eventId: EventId): Promise<number> {
    const event = await this.#deps.events.findById(eventId)
    if (event === undefined) throw new MatrixError('M_NOT_FOUND', `Could not find event ${eventId}`)
    if (event.roomId !== roomId) throw new MatrixError('M_UNKNOWN', 'Event is for wrong room.', { status: 400 })
    return event.depth
  }

  /**
   * The depth of the newest event that this server has received at or before a time; undefined if there is none.
   * @throws MatrixError M_NOT_FOUND if the room is not known
   */
  async receivedBy(roomId: RoomId, ts: number): Promise<number | undefined> {
    const { rooms, eventRemovalStore } = this.#deps
    const { roomNid } = await rooms.get(roomId)
    const first = await eventRemovalStore.firstPosition(roomNid)
    let found = first === undefined ? undefined : await eventRemovalStore.receivedAt(roomNid, first)
    if (first === undefined || found === undefined || found.receivedTs > ts) return undefined
    // Positions grow as time does: halve the span between one that is old enough and one that is not.
    let tooNew = (await eventRemovalStore.receivedAt(roomNid, Number.MAX_SAFE_INTEGER))?.position ?? first
    tooNew += 1
    let oldEnough = first
    while (tooNew - oldEnough > 1) {
      const middle = Math.floor((oldEnough + tooNew) / 2)
      const event = await eventRemovalStore.receivedAt(roomNid, middle)
      if (event !== undefined && event.receivedTs > ts) tooNew = middle
      else {
        oldEnough = middle
        found = event ?? found
      }
    }
    return found.depth
  }
}
