import { ALLOWED, refuse, type Verdict } from '../verdict.ts'
import type { MemberCheck } from './member-check.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkLeave({ check, target }: MemberCheck): Verdict {
  const membership = check.membershipOf(target)
  // 5.5.1 (v11: 4.5.1)
  if (check.pdu.sender === target) {
    const maySelf =
      membership === 'invite' || membership === 'join' || (membership === 'knock' && check.version.knocking)
    return maySelf ? ALLOWED : refuse('5.5.1', 'The user is neither in the room nor invited to it')
  }
  // 5.5.2 (v11: 4.5.2)
  if (check.membershipOf(check.pdu.sender) !== 'join') return refuse('5.5.2', 'The sender is not in the room')
  const { powerLevels, senderLevel } = check
  // 5.5.3 (v11: 4.5.3)
  if (membership === 'ban' && senderLevel < powerLevels.forAction('ban')) {
    return refuse('5.5.3', 'The sender may not lift a ban')
  }
  // 5.5.4 (v11: 4.5.4)
  if (senderLevel >= powerLevels.forAction('kick') && powerLevels.ofUser(target) < senderLevel) return ALLOWED
  // 5.5.5 (v11: 4.5.5)
  return refuse('5.5.5', 'The sender may not remove this user')
}
