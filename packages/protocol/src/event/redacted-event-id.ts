import { type EventId, isEventId } from '../identifiers.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { PduDraft } from './pdu.ts'

/**
 * The event that a redaction is aimed at; `undefined` if the event is no redaction or names nothing that could be an
 * event ID.
 * @spec rooms/v11/#event-format
 */
export function redactedEventId(pdu: PduDraft, version: RoomVersion): EventId | undefined {
  if (pdu.type !== 'm.room.redaction') return undefined
  const redacts = version.redactsIn === 'content' ? pdu.content.redacts : pdu.redacts
  return typeof redacts === 'string' && isEventId(redacts) ? redacts : undefined
}
