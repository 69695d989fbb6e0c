import type { UserId } from '@magik/protocol'

/** Who makes a request, whatever kind of token proved it. */
export interface Requester {
  readonly userId: UserId
  readonly userNid: number
  /** The device the token is bound to; tokens of administrators and application services may be bound to none. */
  readonly deviceId: string | undefined
  readonly isGuest: boolean
  readonly isAdmin: boolean
  /** Suspended: may read and leave, but not act on others. @spec client-server-api/#account-suspension */
  readonly isSuspended: boolean
  /** SHA-256 of the access token, where one was used. */
  readonly tokenHash: Uint8Array | undefined
}
