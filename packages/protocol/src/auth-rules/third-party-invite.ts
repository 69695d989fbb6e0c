import type { AuthCheck } from './auth-check.ts'
import { ALLOWED, refuse, type Verdict } from './verdict.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkThirdPartyInvite(check: AuthCheck): Verdict {
  // 7.1 (v11: 6.1)
  if (check.senderLevel >= check.powerLevels.forAction('invite')) return ALLOWED
  return refuse('7.1', 'The sender may not invite')
}
