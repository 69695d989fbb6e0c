import type { EventId, RequiredSigner, RoomId, ServerName, SignatureVerdict } from '@magik/protocol'

/** A server's public key, as far as the caller knows it. */
export interface KnownServerKey {
  readonly serverName: ServerName
  readonly keyId: string
  /** 32 raw bytes; anything else verifies nothing. */
  readonly publicKey: Uint8Array
  /** See `ServerVerifyKey`. */
  readonly validUntilTs: number
}

/** An event to check, with the keys of the servers that must have signed it. */
export interface PduCheck {
  /** The event as it came, number literals included. */
  readonly json: string
  readonly roomVersion: string
  readonly keys: readonly KnownServerKey[]
}

/** What became of one check; see `ReceiptVerdict`. */
export type PduCheckResult =
  | {
      readonly kind: 'accepted'
      readonly eventId: EventId
      readonly roomId: RoomId
      /** The event's redacted form, which is all that may be used of it; undefined if its content hash is right. */
      readonly redactedJson: string | undefined
    }
  | { readonly kind: 'malformed'; readonly reason: string }
  | {
      readonly kind: 'badly-signed'
      readonly signer: RequiredSigner
      readonly reason: Extract<SignatureVerdict, { valid: false }>['reason']
    }

/** From the main thread to a checking thread, which works on one at a time. */
export interface CheckRequest {
  readonly checks: readonly PduCheck[]
}

/** From a checking thread to the main thread: results in the order of the checks. */
export type CheckReply =
  | { readonly kind: 'results'; readonly results: readonly PduCheckResult[] }
  | { readonly kind: 'failed'; readonly error: unknown }
