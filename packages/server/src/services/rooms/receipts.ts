import { type EventId, type JsonObject, MatrixError, type RoomId } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import { position } from '../../platform/database/query.ts'
import { changeKind } from '../../storage/change-kind.ts'
import { ALL_THREADS, type ReadPositionStore } from '../../storage/read-position-store.ts'
import type { ReceiptStore } from '../../storage/receipt-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { UnreadStore } from '../../storage/unread-store.ts'
import type { Requester } from '../auth/requester.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { RoomView } from '../events/room-view.ts'
import type { ChangeLog } from '../log/change-log.ts'
import type { EventThreads } from '../push/event-thread.ts'
import type { Rooms } from './rooms.ts'

/** The two kinds of read receipts. */
export type ReceiptType = 'm.read' | 'm.read.private'

/** What `Receipts` stands on. */
export interface ReceiptsDeps {
  readonly changeLog: ChangeLog
  readonly clock: Clock
  readonly rooms: Rooms
  readonly events: EventReader
  readonly threads: EventThreads
  readonly receiptStore: ReceiptStore
  readonly readPositionStore: ReadPositionStore
  readonly unreadStore: UnreadStore
  /** A user has read up to a position; called when durable. */
  readonly onRead: (userNid: number, roomNid: number, thread: string, position: number) => void
}

/** Takes users' receipts: each moves forward only, and takes what it covers off their unread counts. */
export class Receipts {
  readonly #deps: ReceiptsDeps

  constructor(deps: ReceiptsDeps) {
    this.#deps = deps
  }

  /**
   * Marks a room, or one of its threads, as read up to an event.
   * @param body may name a thread as `thread_id`.
   * @throws MatrixError M_FORBIDDEN who is not in the room; M_NOT_FOUND if it has no such event; M_INVALID_PARAM if
   *   `thread_id` is none, or not that of the event.
   * @spec client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid
   */
  async set(
    requester: Requester,
    roomId: RoomId,
    receipt: { readonly type: ReceiptType; readonly eventId: EventId; readonly body: JsonObject },
  ): Promise<void> {
    const room = await this.#room(requester, roomId)
    const event = await this.#event(room, receipt.eventId)
    const thread = await this.#thread(event, receipt.body)
    const { receiptStore, readPositionStore, unreadStore, changeLog, clock, onRead } = this.#deps
    const { userNid } = requester
    const { roomNid } = room
    const key = { roomNid, userNid, receiptType: receipt.type, thread }
    const upTo = event.position
    const earlier = await receiptStore.find(key)
    // One that falls behind, or stays, says nothing new.
    if (earlier?.eventPosition !== undefined && (upTo === undefined || upTo <= earlier.eventPosition)) return
    await changeLog.append({
      statements: [
        receiptStore.upsert({
          ...key,
          eventId: event.eventId,
          eventPosition: upTo ?? null,
          ts: clock.now(),
          position: position(0),
        }),
        ...(upTo === undefined
          ? []
          : [
              readPositionStore.advance({ userNid, roomNid, thread, position: upTo }),
              unreadStore.forgetDeviations({ userNid, roomNid, thread, upTo }),
              ...(thread === ALL_THREADS ? [readPositionStore.forgetThreads({ userNid, roomNid, upTo })] : []),
            ]),
      ],
      changes: [{ kind: receipt.type === 'm.read' ? changeKind.receipt : changeKind.privateReceipt, roomNid, userNid }],
      onDurable: () => {
        if (upTo !== undefined) onRead(userNid, roomNid, thread, upTo)
      },
    })
  }

  async #room(requester: Requester, roomId: RoomId): Promise<RoomView> {
    const room = await this.#deps.rooms.find(roomId)
    if (room === undefined || (await room.membership(requester.userId)) !== 'join') {
      throw new MatrixError('M_FORBIDDEN', 'You are not in this room')
    }
    return room
  }

  async #event(room: RoomView, eventId: EventId): Promise<StoredEvent> {
    const event = await this.#deps.events.findById(eventId)
    if (event === undefined || event.roomNid !== room.roomNid) throw new MatrixError('M_NOT_FOUND', 'No such event')
    return event
  }

  async #thread(event: StoredEvent, { thread_id: thread }: JsonObject): Promise<string> {
    if (thread === undefined) return ALL_THREADS
    if (typeof thread !== 'string' || thread === '') {
      throw new MatrixError('M_INVALID_PARAM', 'thread_id field must be a non-empty string')
    }
    if (!(await this.#deps.threads.mayRead(event, thread))) {
      throw new MatrixError('M_INVALID_PARAM', 'The event is not related to that thread')
    }
    return thread
  }
}
