import { MatrixError } from '../errors.ts'
import { stringifyJson } from '../json/stringify-json.ts'
import type { Pdu } from './pdu.ts'

/** Largest PDU, in bytes of canonical JSON with its signatures. @spec client-server-api/#size-limits */
export const MAX_PDU_BYTES = 65_536
/** Longest `type`, `state_key`, `sender`, `room_id` or event ID, in bytes of UTF-8. @spec client-server-api/#size-limits */
export const MAX_FIELD_BYTES = 255

const utf8 = new TextEncoder()

/**
 * Refuses an event that is too large to be part of any room.
 * @throws MatrixError M_TOO_LARGE
 * @spec client-server-api/#size-limits
 */
export function checkEventSize(pdu: Pdu): void {
  for (const field of ['type', 'state_key', 'sender', 'room_id', 'event_id']) {
    const value = pdu[field]
    if (typeof value === 'string' && exceedsFieldLimit(value)) {
      throw new MatrixError('M_TOO_LARGE', `The event's ${field} is longer than ${MAX_FIELD_BYTES} bytes`)
    }
  }
  // Canonical form differs from any other compact form in the order of keys alone, so the size is the same.
  if (exceedsBytes(stringifyJson(pdu), MAX_PDU_BYTES)) {
    throw new MatrixError('M_TOO_LARGE', `The event is larger than ${MAX_PDU_BYTES} bytes`)
  }
}

/** Whether a text is too long for the fields that have `MAX_FIELD_BYTES`. */
export function exceedsFieldLimit(text: string): boolean {
  return exceedsBytes(text, MAX_FIELD_BYTES)
}

function exceedsBytes(text: string, limit: number): boolean {
  // A UTF-16 unit takes one to three bytes of UTF-8, so most texts need no counting.
  return text.length > limit || (text.length * 3 > limit && utf8.encode(text).length > limit)
}
