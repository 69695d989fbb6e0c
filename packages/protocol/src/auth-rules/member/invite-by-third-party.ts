import { isJsonObject, type JsonValue } from '../../json/json-value.ts'
import { ALLOWED, refuse, type Verdict } from '../verdict.ts'
import type { MemberCheck } from './member-check.ts'
import { verifyThirdPartyInvite } from './verify-third-party-invite.ts'

/**
 * The invite that an identity server's signature turns an `m.room.third_party_invite` into.
 * @spec rooms/v12/#authorisation-rules
 */
export function checkInviteByThirdParty({ check, target }: MemberCheck, thirdPartyInvite: JsonValue): Verdict {
  // 5.4.1.1 (v11: 4.4.1.1)
  if (check.membershipOf(target) === 'ban') return refuse('5.4.1.1', 'The user is banned from the room')
  // 5.4.1.2 (v11: 4.4.1.2)
  const signed = isJsonObject(thirdPartyInvite) ? thirdPartyInvite.signed : undefined
  if (!isJsonObject(signed)) return refuse('5.4.1.2', 'The third-party invite is not signed')
  // 5.4.1.3 (v11: 4.4.1.3)
  const { mxid, token } = signed
  if (typeof mxid !== 'string' || typeof token !== 'string') {
    return refuse('5.4.1.3', 'The third-party invite names no user or no token')
  }
  // 5.4.1.4 (v11: 4.4.1.4)
  if (mxid !== target) return refuse('5.4.1.4', 'The third-party invite was signed for another user')
  // 5.4.1.5 (v11: 4.4.1.5)
  const issued = check.state('m.room.third_party_invite', token)
  if (issued === undefined) return refuse('5.4.1.5', 'The room knows no third-party invite with this token')
  // 5.4.1.6 (v11: 4.4.1.6)
  if (check.pdu.sender !== issued.sender) return refuse('5.4.1.6', 'The third-party invite was made by another user')
  // 5.4.1.7 (v11: 4.4.1.7)
  if (verifyThirdPartyInvite(signed, issued.content)) return ALLOWED
  // 5.4.1.8 (v11: 4.4.1.8)
  return refuse('5.4.1.8', 'The third-party invite bears no signature by a key that the room knows')
}
