import { Base64Error, decodeBase64, encodeBase64 } from '../base64.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import type { JsonObject } from '../json/json-value.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { Pdu } from './pdu.ts'
import { sha256 } from './sha256.ts'

/**
 * Hashes the whole event, so that a receiver can tell whether it was altered or redacted on the way.
 * @param event a draft or a finished event; its `hashes`, `signatures` and `unsigned` do not count.
 * @returns unpadded base64, as it stands in `hashes.sha256`.
 * @throws CanonicalJsonError if the version is strict about numbers and the event holds one it forbids.
 * @spec server-server-api/#calculating-the-content-hash-for-an-event
 */
export function contentHash(event: JsonObject, version: RoomVersion): string {
  return encodeBase64(contentDigest(event, version))
}

/**
 * Whether an event still has the content it was signed with. If not, only its redacted form may be used.
 * @throws CanonicalJsonError as `contentHash` does.
 * @spec server-server-api/#validating-hashes-and-signatures-on-received-events
 */
export function contentHashMatches(pdu: Pdu, version: RoomVersion): boolean {
  const claimed = decodedHash(pdu.hashes.sha256)
  return claimed !== undefined && Buffer.compare(claimed, contentDigest(pdu, version)) === 0
}

function contentDigest(event: JsonObject, version: RoomVersion): Uint8Array {
  const { hashes, signatures, unsigned, ...hashed } = event
  return sha256(canonicalJson(hashed, { lossless: version.canonicalJson === 'lossless' }))
}

/** The bytes decide: both alphabets and padding are seen in the wild. Nothing, for what is no Base64. */
function decodedHash(base64: string): Uint8Array | undefined {
  try {
    return decodeBase64(base64)
  } catch (error) {
    if (error instanceof Base64Error) return undefined
    throw error
  }
}
