import { decodeBase64 } from '../../base64.ts'
import { isServerName, type ServerName } from '../../identifiers.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../../json/json-value.ts'
import { verifyJson } from '../../signing/sign-json.ts'
import { importPublicKey, type PublicKey } from '../../signing/signing-key.ts'

/**
 * Most pairs of signature and key that are tried. Deviation: the rules set no bound, but an event of permitted size has
 * room for so many of both that trying them all would keep a server busy for a minute.
 */
export const MAX_THIRD_PARTY_SIGNATURE_CHECKS = 128

/**
 * Whether any signature in the `signed` part of an invite is by any key of the `m.room.third_party_invite` event it
 * answers.
 * @param issued the content of that event.
 * @spec rooms/v12/#authorisation-rules
 */
export function verifyThirdPartyInvite(signed: JsonObject, issued: JsonObject): boolean {
  const keys = publicKeysOf(issued)
  let checks = 0
  for (const [serverName, keyId] of signaturesOf(signed)) {
    for (const key of keys) {
      if (++checks > MAX_THIRD_PARTY_SIGNATURE_CHECKS) return false
      if (verifyJson(signed, serverName, keyId, key)) return true
    }
  }
  return false
}

function* signaturesOf(signed: JsonObject): Iterable<[ServerName, string]> {
  if (!isJsonObject(signed.signatures)) return
  for (const [serverName, byKey] of Object.entries(signed.signatures)) {
    if (!isServerName(serverName) || !isJsonObject(byKey)) continue
    for (const keyId of Object.keys(byKey)) if (keyId.startsWith('ed25519:')) yield [serverName, keyId]
  }
}

function publicKeysOf(issued: JsonObject): readonly PublicKey[] {
  // 5.4.1.7.1 and 5.4.1.7.2 (v11: 4.4.1.7.1 and 4.4.1.7.2)
  const listed = Array.isArray(issued.public_keys) ? issued.public_keys : []
  const encoded = new Set([
    issued.public_key,
    ...listed.map((entry) => (isJsonObject(entry) ? entry.public_key : undefined)),
  ])
  return [...encoded].flatMap(decodePublicKey)
}

function decodePublicKey(encoded: JsonValue | undefined): PublicKey[] {
  if (typeof encoded !== 'string') return []
  try {
    return [importPublicKey(decodeBase64(encoded))]
  } catch {
    // Whoever made the invite may have written anything; what is no key verifies nothing.
    return []
  }
}
