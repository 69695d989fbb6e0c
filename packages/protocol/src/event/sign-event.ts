import { encodeBase64 } from '../base64.ts'
import type { ServerName } from '../identifiers.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { verifyJson } from '../signing/sign-json.ts'
import type { PublicKey, SigningKey } from '../signing/signing-key.ts'
import { contentHash } from './content-hash.ts'
import type { Pdu, PduDraft, RoomEvent } from './pdu.ts'
import { redact } from './redact.ts'
import { essentialJson, eventIdOfJson, roomIdOfEvent } from './reference-hash.ts'

/**
 * Turns a draft into an event: adds the content hash and the server's signature, and works out the event's ID and room.
 * The draft is left as it is; `hashes` and `signatures` that it may carry are replaced.
 * @throws CanonicalJsonError if the version is strict about numbers and the draft holds one it forbids.
 * @throws MatrixError M_BAD_JSON if the draft lacks a `room_id`, or an `event_id` where the version wants one.
 * @spec server-server-api/#adding-hashes-and-signatures-to-outgoing-events
 */
export function signEvent(draft: PduDraft, serverName: ServerName, key: SigningKey, version: RoomVersion): RoomEvent {
  const pdu: Pdu = { ...draft, hashes: { sha256: contentHash(draft, version) }, signatures: {} }
  // What is signed and what is hashed for the ID are the same bytes: neither covers signatures.
  const essential = essentialJson(pdu, version)
  pdu.signatures = { [serverName]: { [key.keyId]: encodeBase64(key.sign(essential)) } }
  const eventId = eventIdOfJson(essential, pdu, version)
  return { eventId, roomId: roomIdOfEvent(pdu, version, eventId), pdu }
}

/**
 * As `signEvent`, for callers that need only the event.
 * @spec server-server-api/#adding-hashes-and-signatures-to-outgoing-events
 */
export function hashAndSignEvent(draft: PduDraft, serverName: ServerName, key: SigningKey, version: RoomVersion): Pdu {
  return signEvent(draft, serverName, key, version).pdu
}

/**
 * Adds a further server's signature to a finished event, as a resident server does for a restricted join it vouches
 * for. The given event is left as it is.
 * @throws CanonicalJsonError as `signEvent` does.
 * @spec server-server-api/#restricted-rooms
 */
export function addEventSignature(pdu: Pdu, serverName: ServerName, key: SigningKey, version: RoomVersion): Pdu {
  const signature = encodeBase64(key.sign(essentialJson(pdu, version)))
  const signatures = { ...pdu.signatures, [serverName]: { ...pdu.signatures[serverName], [key.keyId]: signature } }
  return { ...pdu, signatures }
}

/** A server's public key as another server knows it. */
export interface VerifyKey {
  readonly keyId: string
  /** 32 raw bytes, or the key made ready for many checks. */
  readonly publicKey: PublicKey | Uint8Array
}

/**
 * Whether an event, whole or redacted, carries a valid signature by that key of that server.
 * @throws SigningKeyError if the public key has not 32 bytes.
 * @spec server-server-api/#validating-hashes-and-signatures-on-received-events
 */
export function verifyEventSignature(
  pdu: Pdu,
  serverName: ServerName,
  { keyId, publicKey }: VerifyKey,
  version: RoomVersion,
): boolean {
  const lossless = version.canonicalJson === 'lossless'
  return verifyJson(redact(pdu, version), serverName, keyId, publicKey, { lossless })
}
