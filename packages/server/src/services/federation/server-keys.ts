import { encodeBase64, type JsonObject, type ServerName, type SigningKey, signJson } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'

/** A key this server signed with before. */
export interface OldSigningKey {
  readonly keyId: string
  /** Unpadded base64. */
  readonly key: string
  /** Milliseconds since the epoch. */
  readonly expiredTs: number
}

/**
 * Publishes this server's signing keys.
 * @spec server-server-api/#publishing-keys
 */
export class ServerKeys {
  readonly #deps: {
    readonly serverName: ServerName
    readonly signingKey: SigningKey
    readonly oldKeys: readonly OldSigningKey[]
    readonly validityMs: number
    readonly clock: Clock
  }

  constructor(deps: {
    serverName: ServerName
    signingKey: SigningKey
    oldKeys: readonly OldSigningKey[]
    validityMs: number
    clock: Clock
  }) {
    this.#deps = deps
  }

  /** The keys, signed with the present one. */
  published(): JsonObject {
    const { serverName, signingKey, oldKeys, validityMs, clock } = this.#deps
    const keys = {
      server_name: serverName,
      valid_until_ts: clock.now() + validityMs,
      verify_keys: { [signingKey.keyId]: { key: encodeBase64(signingKey.publicKey) } },
      old_verify_keys: Object.fromEntries(
        oldKeys.map(({ keyId, key, expiredTs }) => [keyId, { key, expired_ts: expiredTs }]),
      ),
    }
    return signJson(keys, serverName, signingKey)
  }
}
