import { Base64Error, decodeBase64 } from '../base64.ts'
import type { Pdu } from '../event/pdu.ts'
import { essentialJson } from '../event/reference-hash.ts'
import type { VerifyKey } from '../event/sign-event.ts'
import type { ServerName } from '../identifiers.ts'
import { CanonicalJsonError } from '../json/canonical-json.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { importPublicKey, PublicKey } from '../signing/signing-key.ts'
import { type RequiredSigner, requiredSigners, signingKeyIds } from './required-signers.ts'

/** A server's public key with the time up to which it counts. */
export interface ServerVerifyKey extends VerifyKey {
  /**
   * Milliseconds since 1970: `keyValidUntil` of a present key, `expired_ts` of an old one. Only room versions that
   * enforce key validity look at it.
   */
  readonly validUntilTs: number
}

/** Finds the key that a server uses under a key ID; `undefined` if it is not known. */
export type FindVerifyKey = (serverName: ServerName, keyId: string) => ServerVerifyKey | undefined

/** What the signature checks say to an event: valid, or which signer's signature is amiss and why. */
export type SignatureVerdict = { readonly valid: true } | InvalidSignature

/** The verdict on an event that is to be dropped. */
export interface InvalidSignature {
  readonly valid: false
  readonly signer: RequiredSigner
  readonly reason: 'no-such-server' | 'not-signed' | 'no-valid-key' | 'wrong-signature' | 'too-many-signatures'
}

/** How far ahead a key is trusted, in milliseconds, whatever its server says. @spec rooms/v5/#signing-key-validity-period */
export const MAX_KEY_VALIDITY_MS = 7 * 24 * 60 * 60 * 1_000

/**
 * Most signatures of one server that are checked. Deviation: the spec sets no bound, but an event has room for hundreds,
 * and all that are by known keys must hold. Servers sign with one key, or two while they change it.
 */
export const MAX_SIGNATURES_PER_SERVER = 16

/**
 * The time up to which a present key of a server counts.
 * @param publishedValidUntilTs `valid_until_ts` of the server's key response, in milliseconds since 1970.
 * @param receivedTs when that response was received, so that a stolen key stops counting a week after its server has
 * stopped to publish it.
 * @spec rooms/v5/#signing-key-validity-period
 */
export function keyValidUntil(publishedValidUntilTs: number, receivedTs: number): number {
  return Math.min(publishedValidUntilTs, receivedTs + MAX_KEY_VALIDITY_MS)
}

/**
 * Whether an event is signed by every server that must have signed it. Signatures by keys that are unknown, or no longer
 * valid when the event was made, are skipped; of those that are left there must be one, and all must hold.
 *
 * Deviation: versions 1 to 4 do not look at a key's validity at all, not even at `expired_ts` of old keys. No server ever
 * has in these rooms, and to begin would cut their history.
 * @throws SigningKeyError if a key that was found has not 32 bytes.
 * @spec server-server-api/#validating-hashes-and-signatures-on-received-events
 */
export function checkSignatures(pdu: Pdu, version: RoomVersion, findKey: FindVerifyKey): SignatureVerdict {
  const signers = requiredSigners(pdu, version)
  let essential: string | undefined
  for (const signer of signers) {
    const reason = checkSigner(pdu, version, signer, findKey, () => (essential ??= signedText(pdu, version)))
    if (reason !== undefined) return { valid: false, signer, reason }
  }
  return { valid: true }
}

function checkSigner(
  pdu: Pdu,
  version: RoomVersion,
  { serverName }: RequiredSigner,
  findKey: FindVerifyKey,
  text: () => string | undefined,
): InvalidSignature['reason'] | undefined {
  if (serverName === undefined) return 'no-such-server'
  const keyIds = signingKeyIds(pdu, serverName)
  if (keyIds.length === 0) return 'not-signed'
  const keys = keyIds.flatMap((keyId) => {
    const key = findKey(serverName, keyId)
    return key === undefined || (version.enforcesKeyValidity && key.validUntilTs < pdu.origin_server_ts) ? [] : [key]
  })
  if (keys.length === 0) return 'no-valid-key'
  if (keys.length > MAX_SIGNATURES_PER_SERVER) return 'too-many-signatures'
  const signed = text()
  const isSignedBy = (key: VerifyKey) =>
    signed !== undefined && holds(pdu.signatures[serverName]?.[key.keyId], key, signed)
  return keys.every(isSignedBy) ? undefined : 'wrong-signature'
}

function holds(signature: string | undefined, { publicKey }: VerifyKey, text: string): boolean {
  if (signature === undefined) return false
  const key = publicKey instanceof PublicKey ? publicKey : importPublicKey(publicKey)
  try {
    return key.verify(text, decodeBase64(signature))
  } catch (error) {
    if (error instanceof Base64Error) return false
    throw error
  }
}

/** What the servers signed; `undefined` if the event has no canonical form, so that nobody can have. */
function signedText(pdu: Pdu, version: RoomVersion): string | undefined {
  try {
    return essentialJson(pdu, version)
  } catch (error) {
    if (error instanceof CanonicalJsonError) return undefined
    throw error
  }
}
