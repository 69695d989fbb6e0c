import { ALLOWED, refuse, type Verdict } from '../verdict.ts'
import type { MemberCheck } from './member-check.ts'
import { checkInviteByThirdParty } from './invite-by-third-party.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkInvite(member: MemberCheck): Verdict {
  const { check, content, target } = member
  // 5.4.1 (v11: 4.4.1)
  if (content.third_party_invite !== undefined) return checkInviteByThirdParty(member, content.third_party_invite)
  // 5.4.2 (v11: 4.4.2)
  if (check.membershipOf(check.pdu.sender) !== 'join') return refuse('5.4.2', 'The sender is not in the room')
  // 5.4.3 (v11: 4.4.3)
  const membership = check.membershipOf(target)
  if (membership === 'join') return refuse('5.4.3', 'The user is already in the room')
  if (membership === 'ban') return refuse('5.4.3', 'The user is banned from the room')
  // 5.4.4 (v11: 4.4.4)
  if (check.senderLevel >= check.powerLevels.forAction('invite')) return ALLOWED
  // 5.4.5 (v11: 4.4.5)
  return refuse('5.4.5', 'The sender may not invite')
}
