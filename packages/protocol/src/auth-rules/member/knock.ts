import { ALLOWED, refuse, type Verdict } from '../verdict.ts'
import type { MemberCheck } from './member-check.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkKnock({ check, target }: MemberCheck): Verdict {
  // 5.7.1 (v11: 4.7.1)
  const { joinRule, version } = check
  if (joinRule !== 'knock' && !(joinRule === 'knock_restricted' && version.knockRestrictedJoins)) {
    return refuse('5.7.1', 'The room does not take knocks')
  }
  // 5.7.2 (v11: 4.7.2)
  if (check.pdu.sender !== target) return refuse('5.7.2', 'Nobody can knock for somebody else')
  // 5.7.3 (v11: 4.7.3)
  const membership = check.membershipOf(target)
  if (membership !== 'ban' && membership !== 'invite' && membership !== 'join') return ALLOWED
  // 5.7.4 (v11: 4.7.4)
  return refuse('5.7.4', 'The user is banned, invited or already in the room')
}
