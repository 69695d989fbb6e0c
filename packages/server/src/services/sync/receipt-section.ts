import { type JsonObject, isJsonObject, stringifyJson } from '@magik/protocol'
import { ALL_THREADS } from '../../storage/read-position-store.ts'
import type { ReceiptRow, ReceiptStore } from '../../storage/receipt-store.ts'
import type { RoomView } from '../events/room-view.ts'
import { matchesEvent, matchesRoom } from './room-event-matcher.ts'
import type { SyncReader, SyncSpan } from './sync-reader.ts'

/** What is new of a room's receipts. */
export interface ReceiptNews {
  /** One ephemeral event as JSON text, or nothing. */
  readonly events: string
  /** Whether the reader's own have changed: counts change with them, whether or not the client wants to see receipts. */
  readonly isOwnNews: boolean
}

/** No receipts have changed. */
export const NO_RECEIPTS: ReceiptNews = { events: '', isOwnNews: false }

/** Makes the receipts of a room's section. */
export class ReceiptSections {
  readonly #store: ReceiptStore

  constructor(deps: { receiptStore: ReceiptStore }) {
    this.#store = deps.receiptStore
  }

  /**
   * Receipts that have changed in a span; all of them when the room is new to the client.
   * @spec client-server-api/#mreceipt
   */
  async section(
    { room, reader, span }: { room: RoomView; reader: SyncReader; span: SyncSpan },
    isNew: boolean,
  ): Promise<ReceiptNews> {
    const after = isNew ? 0 : (span.since ?? 0)
    const receipts = await this.#store.between(room.roomNid, reader.userNid, after, span.upTo)
    const isOwnNews = receipts.some(({ userNid }) => userNid === reader.userNid)
    const filter = reader.filter.room.ephemeral
    const isWanted = matchesRoom(filter, room.roomId) && matchesEvent(filter, { type: 'm.receipt', sender: '' })
    return { events: isWanted && receipts.length > 0 ? render(receipts) : '', isOwnNews }
  }
}

function render(receipts: readonly ReceiptRow[]): string {
  const content: JsonObject = {}
  // Where a user has several on one event, the newest is the one to show: they come newest first.
  for (const { eventId, receiptType, userId, ts, thread } of receipts) {
    const byUser = memberOf(memberOf(content, eventId), receiptType)
    byUser[userId] ??= thread === ALL_THREADS ? { ts } : { ts, thread_id: thread }
  }
  return stringifyJson({ type: 'm.receipt', content })
}

function memberOf(object: JsonObject, key: string): JsonObject {
  const member = object[key]
  if (isJsonObject(member)) return member
  const created: JsonObject = {}
  object[key] = created
  return created
}
