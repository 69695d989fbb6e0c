import { ALLOWED, refuse, type Verdict } from '../verdict.ts'
import type { MemberCheck } from './member-check.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkBan({ check, target }: MemberCheck): Verdict {
  // 5.6.1 (v11: 4.6.1)
  if (check.membershipOf(check.pdu.sender) !== 'join') return refuse('5.6.1', 'The sender is not in the room')
  // 5.6.2 (v11: 4.6.2)
  const { powerLevels, senderLevel } = check
  if (senderLevel >= powerLevels.forAction('ban') && powerLevels.ofUser(target) < senderLevel) return ALLOWED
  // 5.6.3 (v11: 4.6.3)
  return refuse('5.6.3', 'The sender may not ban this user')
}
