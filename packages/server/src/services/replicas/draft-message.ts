import {
  isErrcode,
  isEventId,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MatrixError,
  parseEventId,
  parseJsonText,
  parseRoomId,
  parseUserId,
  type RoomId,
  stringifyJson,
} from '@magik/protocol'
import type { EventDraft, SentEvent } from '../events/event-draft.ts'

/** A draft and the room it is for, on its way between two replicas. */
export interface DraftMessage {
  readonly roomId: RoomId
  readonly draft: EventDraft
}

/** Writes a draft down for another replica. */
export function writeDraft({ roomId, draft }: DraftMessage): string {
  const { type, stateKey, content, sender, transaction, redacts, originServerTs } = draft
  return stringifyJson({
    room_id: roomId,
    type,
    content,
    sender,
    ...(stateKey !== undefined && { state_key: stateKey }),
    ...(transaction !== undefined && { transaction: { device_id: transaction.deviceId, id: transaction.id } }),
    ...(redacts !== undefined && { redacts }),
    ...(originServerTs !== undefined && { origin_server_ts: originServerTs }),
  })
}

/** @throws MatrixError M_BAD_JSON if it is none. */
export function readDraft(body: JsonObject): DraftMessage {
  const { type, content, transaction, state_key: stateKey, redacts, origin_server_ts: originServerTs } = body
  if (!isJsonObject(content)) throw new MatrixError('M_BAD_JSON', 'content must be an object')
  return {
    roomId: parseRoomId(text(body['room_id'], 'room_id')),
    draft: {
      type: text(type, 'type'),
      content,
      sender: parseUserId(text(body['sender'], 'sender')),
      ...(stateKey !== undefined && { stateKey: text(stateKey, 'state_key') }),
      ...(transaction !== undefined && { transaction: readTransaction(transaction) }),
      ...(redacts !== undefined && { redacts: parseEventId(text(redacts, 'redacts')) }),
      ...(originServerTs !== undefined && { originServerTs: integer(originServerTs, 'origin_server_ts') }),
    },
  }
}

/** Writes down what has become of a draft. */
export function writeOutcome(outcome: SentEvent | MatrixError): JsonObject {
  if (!(outcome instanceof MatrixError)) {
    return { event_id: outcome.eventId, event_nid: outcome.eventNid, position: outcome.position }
  }
  const { errcode, message, status, fields } = outcome
  return { errcode, error: message, status, fields }
}

/**
 * Reads what has become of a draft.
 * @returns the event, or the error that the sender is told.
 * @throws Error if the text is neither.
 */
export function readOutcome(json: string): SentEvent | MatrixError {
  const body = parseJsonText(json)
  if (!isJsonObject(body)) throw new Error('the answer is no object')
  const { event_id: eventId, event_nid: eventNid, position, errcode, error, status, fields } = body
  if (errcode !== undefined) {
    if (!isErrcode(errcode) || !isJsonObject(fields)) throw new Error('the answer is an error of no known form')
    return new MatrixError(errcode, text(error, 'error'), { status: integer(status, 'status'), fields })
  }
  if (typeof eventId !== 'string' || !isEventId(eventId)) throw new Error('the answer names no event')
  return { eventId, eventNid: integer(eventNid, 'event_nid'), position: integer(position, 'position') }
}

function readTransaction(value: JsonValue): NonNullable<EventDraft['transaction']> {
  if (!isJsonObject(value)) throw new MatrixError('M_BAD_JSON', 'transaction must be an object')
  return { deviceId: text(value['device_id'], 'device_id'), id: text(value['id'], 'id') }
}

function text(value: JsonValue | undefined, name: string): string {
  if (typeof value !== 'string') throw new MatrixError('M_BAD_JSON', `${name} must be a string`)
  return value
}

function integer(value: JsonValue | undefined, name: string): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) {
    throw new MatrixError('M_BAD_JSON', `${name} must be an integer`)
  }
  return value
}
