import { contentHashMatches } from '../event/content-hash.ts'
import type { Pdu } from '../event/pdu.ts'
import { redact } from '../event/redact.ts'
import type { RoomVersion } from '../room-version/room-version.ts'

/** An event as it may be used once its content hash has been looked at. */
export interface HashCheckedPdu {
  readonly pdu: Pdu
  /** Whether `pdu` is the redacted form of what was received. */
  readonly redacted: boolean
}

/**
 * Holds a received event against its content hash. If they differ, the event is taken to have reached us redacted, and
 * only its redacted form may be used.
 * @returns the event itself, or its redacted form. An event that was redacted before it was sent counts as redacted.
 * @throws CanonicalJsonError if the event has no canonical form.
 * @spec server-server-api/#validating-hashes-and-signatures-on-received-events
 */
export function checkContentHash(pdu: Pdu, version: RoomVersion): HashCheckedPdu {
  return contentHashMatches(pdu, version) ? { pdu, redacted: false } : { pdu: redact(pdu, version), redacted: true }
}
