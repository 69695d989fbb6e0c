import { Base64Error, decodeBase64, encodeBase64 } from '../base64.ts'
import {
  CanonicalJsonError,
  type CanonicalJsonOptions,
  canonicalJson,
  type JsonMembers,
} from '../json/canonical-json.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { importPublicKey, PublicKey, type SigningKey } from './signing-key.ts'

/** Signatures in Base64, by the name of the entity that signed and by key ID. */
export type Signatures = { [name: string]: { [keyId: string]: string } }

/**
 * Signs an object, without its `signatures` and `unsigned`, and returns a copy that carries the signature beside those
 * already there.
 * @param name the entity that signs: a server name, or a user ID for device and cross-signing keys.
 * @param options `lossless` for events of room versions 1 to 5.
 * @throws CanonicalJsonError if the object has no canonical form.
 * @spec appendices/#signing-details
 */
export function signJson<T extends JsonMembers>(
  object: T,
  name: string,
  key: SigningKey,
  options?: CanonicalJsonOptions,
): T & { signatures: Signatures } {
  const signature = encodeBase64(key.sign(signedText(object, options)))
  const signatures = membersOf(object['signatures'])
  const ofName = membersOf(ownMember(signatures, name))
  // What others signed is kept as it came, well formed or not: it is theirs, and the spec has it carried along.
  return { ...object, signatures: { ...signatures, [name]: { ...ofName, [key.keyId]: signature } } as Signatures }
}

/**
 * Checks the signature that an object carries under a name and a key ID.
 * @param publicKey 32 raw bytes, or the result of `importPublicKey`, which saves that work at every further check.
 * @returns false also where the signature is missing, misspelt or not Ed25519, and where the object has no canonical
 * form: nothing a peer sends makes it throw.
 * @throws SigningKeyError if `publicKey` has not 32 bytes.
 * @spec appendices/#checking-for-a-signature
 */
export function verifyJson(
  object: JsonMembers,
  name: string,
  keyId: string,
  publicKey: PublicKey | Uint8Array,
  options?: CanonicalJsonOptions,
): boolean {
  const key = publicKey instanceof PublicKey ? publicKey : importPublicKey(publicKey)
  const signature = ownMember(membersOf(ownMember(membersOf(object['signatures']), name)), keyId)
  if (typeof signature !== 'string' || !keyId.startsWith('ed25519:')) return false
  try {
    return key.verify(signedText(object, options), decodeBase64(signature))
  } catch (error) {
    if (error instanceof Base64Error || error instanceof CanonicalJsonError) return false
    throw error
  }
}

function signedText(object: JsonMembers, options: CanonicalJsonOptions | undefined): string {
  return canonicalJson({ ...object, signatures: undefined, unsigned: undefined }, options)
}

function membersOf(value: JsonValue | undefined): JsonObject {
  return isJsonObject(value) ? value : {}
}

/** A member of the object's own: names come from peers, and `constructor` must not find what every object inherits. */
function ownMember(object: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(object, name) ? object[name] : undefined
}
