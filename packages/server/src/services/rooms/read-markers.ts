import { type EventId, isEventId, type JsonObject, MatrixError, type RoomId } from '@magik/protocol'
import type { Requester } from '../auth/requester.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { AccountData } from '../users/account-data.ts'
import type { Receipts } from './receipts.ts'
import type { Rooms } from './rooms.ts'

/** The account data that holds a room's fully read marker. */
const FULLY_READ = 'm.fully_read'

/** What `ReadMarkers` stands on. */
export interface ReadMarkersDeps {
  readonly rooms: Rooms
  readonly events: EventReader
  readonly accountData: AccountData
  readonly receipts: Receipts
}

/** Takes users' fully read markers, which move forward only. @spec client-server-api/#fully-read-markers */
export class ReadMarkers {
  readonly #deps: ReadMarkersDeps

  constructor(deps: ReadMarkersDeps) {
    this.#deps = deps
  }

  /**
   * Sets the marker and whichever receipts the request names.
   * @throws MatrixError M_INVALID_PARAM if something named is no event ID; else as `Receipts.set`.
   * @spec client-server-api/#post_matrixclientv3roomsroomidread_markers
   */
  async set(requester: Requester, roomId: RoomId, body: JsonObject): Promise<void> {
    const named = (type: string) => eventIdIn(body, type)
    const [fullyRead, read, readPrivate] = [named(FULLY_READ), named('m.read'), named('m.read.private')]
    if (fullyRead !== undefined) await this.setFullyRead(requester, roomId, fullyRead)
    const { receipts } = this.#deps
    if (read !== undefined) await receipts.set(requester, roomId, { type: 'm.read', eventId: read, body: {} })
    if (readPrivate !== undefined) {
      await receipts.set(requester, roomId, { type: 'm.read.private', eventId: readPrivate, body: {} })
    }
  }

  /** @throws MatrixError M_FORBIDDEN who is not in the room; M_NOT_FOUND if it has no such event. */
  async setFullyRead(requester: Requester, roomId: RoomId, eventId: EventId): Promise<void> {
    const { rooms, events, accountData } = this.#deps
    const room = await rooms.find(roomId)
    if (room === undefined || (await room.membership(requester.userId)) !== 'join') {
      throw new MatrixError('M_FORBIDDEN', 'You are not in this room')
    }
    const event = await events.findById(eventId)
    if (event?.roomNid !== room.roomNid) throw new MatrixError('M_NOT_FOUND', 'No such event')
    const previousId = (await accountData.find(requester.userNid, room.roomNid, FULLY_READ))?.['event_id']
    const previous =
      typeof previousId === 'string' && isEventId(previousId) ? await events.findById(previousId) : undefined
    if (previous?.position !== undefined && (event.position ?? 0) <= previous.position) return
    await accountData.write(requester.userNid, room.roomNid, FULLY_READ, { event_id: eventId })
  }
}

function eventIdIn(body: JsonObject, type: string): EventId | undefined {
  const eventId = body[type]
  if (eventId === undefined || eventId === null) return undefined
  if (typeof eventId !== 'string' || !isEventId(eventId)) {
    throw new MatrixError('M_INVALID_PARAM', `${type} must be an event ID`)
  }
  return eventId
}
