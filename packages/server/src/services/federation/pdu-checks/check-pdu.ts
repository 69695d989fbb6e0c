import {
  checkReceivedPdu,
  encodeBase64,
  type FindVerifyKey,
  getRoomVersion,
  importPublicKey,
  JsonError,
  type JsonValue,
  type PublicKey,
  parseJsonText,
  SigningKeyError,
  stringifyJson,
} from '@magik/protocol'
import { LRUCache } from 'lru-cache'
import type { KnownServerKey, PduCheck, PduCheckResult } from './messages.ts'

/** Keys kept ready for verifying, which saves a tenth of each check. */
const READY_KEYS = 1_000

/** Checks received events one by one. Keeps nothing of them but the keys it has met. */
export class PduCheckRunner {
  readonly #keys = new LRUCache<string, PublicKey>({ max: READY_KEYS })

  /** @throws Error if the room version is unknown, which is for the caller to know. */
  run({ json, roomVersion, keys }: PduCheck): PduCheckResult {
    const version = getRoomVersion(roomVersion)
    if (version === undefined) throw new Error(`room version ${roomVersion} is unknown`)
    const value = parsed(json)
    if (value === undefined) return { kind: 'malformed', reason: 'The event is not JSON' }
    const verdict = checkReceivedPdu(value, version, this.#finder(keys))
    if (verdict.kind !== 'accepted') return verdict
    const { eventId, roomId, pdu } = verdict.event
    return { kind: 'accepted', eventId, roomId, redactedJson: verdict.redacted ? stringifyJson(pdu) : undefined }
  }

  #finder(keys: readonly KnownServerKey[]): FindVerifyKey {
    return (serverName, keyId) => {
      const known = keys.find((key) => key.serverName === serverName && key.keyId === keyId)
      const publicKey = known && this.#ready(known.publicKey)
      return publicKey && { keyId, publicKey, validUntilTs: known.validUntilTs }
    }
  }

  #ready(bytes: Uint8Array): PublicKey | undefined {
    const name = encodeBase64(bytes)
    const ready = this.#keys.get(name)
    if (ready !== undefined) return ready
    try {
      const key = importPublicKey(bytes)
      this.#keys.set(name, key)
      return key
    } catch (error) {
      if (error instanceof SigningKeyError) return undefined
      throw error
    }
  }
}

function parsed(json: string): JsonValue | undefined {
  try {
    return parseJsonText(json)
  } catch (error) {
    if (error instanceof JsonError) return undefined
    throw error
  }
}
