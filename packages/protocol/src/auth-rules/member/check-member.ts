import type { AuthCheck } from '../auth-check.ts'
import { refuse, type Verdict } from '../verdict.ts'
import { checkBan } from './ban.ts'
import { checkInvite } from './invite.ts'
import { checkJoin } from './join.ts'
import { checkKnock } from './knock.ts'
import { checkLeave } from './leave.ts'
import type { MemberCheck } from './member-check.ts'

/**
 * Rule 5.2, the signature of the server behind `join_authorised_via_users_server`, is checked on receipt.
 * @spec rooms/v12/#authorisation-rules
 */
export function checkMember(check: AuthCheck): Verdict {
  const { content, state_key: target } = check.pdu
  // 5.1 (v11: 4.1)
  if (target === undefined || content.membership === undefined) {
    return refuse('5.1', 'A membership event needs a state_key and a membership')
  }
  const member: MemberCheck = { check, content, target }
  switch (content.membership) {
    case 'join': // 5.3 (v11: 4.3)
      return checkJoin(member)
    case 'invite': // 5.4 (v11: 4.4)
      return checkInvite(member)
    case 'leave': // 5.5 (v11: 4.5)
      return checkLeave(member)
    case 'ban': // 5.6 (v11: 4.6)
      return checkBan(member)
    case 'knock': // 5.7 (v11: 4.7)
      if (check.version.knocking) return checkKnock(member)
  }
  // 5.8 (v11: 4.8)
  return refuse('5.8', 'The membership is not one this room version knows')
}
