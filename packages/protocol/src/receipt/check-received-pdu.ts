import { MatrixError } from '../errors.ts'
import { parsePdu } from '../event/event-format.ts'
import { checkEventSize } from '../event/event-size.ts'
import type { RoomEvent } from '../event/pdu.ts'
import { eventIdOf, roomIdOfEvent } from '../event/reference-hash.ts'
import { CanonicalJsonError } from '../json/canonical-json.ts'
import type { JsonValue } from '../json/json-value.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { checkContentHash } from './check-content-hash.ts'
import { checkSignatures, type FindVerifyKey, type InvalidSignature } from './check-signatures.ts'

/**
 * What is to become of a received event by the first three checks on receipt: dropped because of its format or a
 * signature, or handed on, redacted if its content is not what was hashed.
 */
export type ReceiptVerdict =
  | { readonly kind: 'accepted'; readonly event: RoomEvent; readonly redacted: boolean }
  | { readonly kind: 'malformed'; readonly reason: string }
  | ({ readonly kind: 'badly-signed' } & Pick<InvalidSignature, 'signer' | 'reason'>)

/**
 * Runs the checks on receipt that need nothing but the event and its servers' keys: format and size, signatures, hash.
 * @param value the event as it was parsed by `parseJson`.
 * @throws SigningKeyError if a key that was found has not 32 bytes.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export function checkReceivedPdu(value: JsonValue, version: RoomVersion, findKey: FindVerifyKey): ReceiptVerdict {
  try {
    // 1
    const received = parsePdu(value, version)
    checkEventSize(received)
    // 2
    const signatures = checkSignatures(received, version, findKey)
    if (!signatures.valid) return { kind: 'badly-signed', signer: signatures.signer, reason: signatures.reason }
    // 3
    const { pdu, redacted } = checkContentHash(received, version)
    const eventId = eventIdOf(pdu, version)
    return { kind: 'accepted', event: { eventId, roomId: roomIdOfEvent(pdu, version, eventId), pdu }, redacted }
  } catch (error) {
    if (error instanceof MatrixError || error instanceof CanonicalJsonError) {
      return { kind: 'malformed', reason: error.message }
    }
    throw error
  }
}
