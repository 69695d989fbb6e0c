import { eventServerName, isEventId, isUserId, type ServerName, serverNameOf } from '../identifiers.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { Pdu } from '../event/pdu.ts'

/**
 * Why a server's signature is asked for: it is the sender's, it assigned the event's ID (room versions 1 and 2), or it
 * vouches for a restricted join.
 */
export type SignerRole = 'sender' | 'event-id' | 'restricted-join'

/** A server that must have signed an event. */
export interface RequiredSigner {
  readonly role: SignerRole
  /** Undefined where the event names no such server: then no signature will do. */
  readonly serverName: ServerName | undefined
}

/**
 * The servers that must have signed an event for it to be valid. A server that is asked for twice is listed once.
 * @returns nothing for an invite by a third party, except in room versions 1 and 2 if another server assigned its ID:
 * what it carries signed is checked by the authorisation rules instead.
 * @spec server-server-api/#validating-hashes-and-signatures-on-received-events
 */
export function requiredSigners(pdu: Pdu, version: RoomVersion): readonly RequiredSigner[] {
  const sender = serverNameOf(pdu.sender)
  const signers: RequiredSigner[] = []
  // Whoever answers a third party's invite may send the event in the name of the user who asked for it.
  if (!isInviteByThirdParty(pdu)) signers.push({ role: 'sender', serverName: sender })
  if (version.signedByEventIdServer) {
    const serverName = serverOfEventId(pdu)
    if (serverName !== sender) signers.push({ role: 'event-id', serverName })
  }
  // 5.2.1 of the authorisation rules (v11: 4.2.1), of whatever membership the event is
  const { join_authorised_via_users_server: authoriser } = pdu.content
  if (version.restrictedJoins && pdu.type === 'm.room.member' && authoriser !== undefined) {
    const serverName = typeof authoriser === 'string' && isUserId(authoriser) ? serverNameOf(authoriser) : undefined
    const isListed = serverName !== undefined && signers.some((signer) => signer.serverName === serverName)
    if (!isListed) signers.push({ role: 'restricted-join', serverName })
  }
  return signers
}

/**
 * The IDs of the keys with which a server signed an event, for whoever fetches these keys.
 * @spec appendices/#checking-for-a-signature
 */
export function signingKeyIds(pdu: Pdu, serverName: ServerName): readonly string[] {
  const signatures = Object.hasOwn(pdu.signatures, serverName) ? pdu.signatures[serverName] : undefined
  return signatures === undefined ? [] : Object.keys(signatures).filter((keyId) => keyId.startsWith('ed25519:'))
}

function isInviteByThirdParty({ type, content }: Pdu): boolean {
  return type === 'm.room.member' && content.membership === 'invite' && content.third_party_invite !== undefined
}

function serverOfEventId({ event_id: eventId }: Pdu): ServerName | undefined {
  return typeof eventId === 'string' && isEventId(eventId) ? eventServerName(eventId) : undefined
}
