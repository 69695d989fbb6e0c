import { serverNameOf } from '../identifiers.ts'
import type { AuthCheck } from './auth-check.ts'
import { ALLOWED, refuse, type Verdict } from './verdict.ts'

/** @spec rooms/v5/#authorisation-rules */
export function checkAliases({ pdu }: AuthCheck): Verdict {
  // v5: 4.1
  if (pdu.state_key === undefined) return refuse('v5/4.1', 'Aliases must be a state event')
  // v5: 4.2
  if (pdu.state_key !== serverNameOf(pdu.sender)) {
    return refuse('v5/4.2', 'Aliases of a server are for its own users to send')
  }
  // v5: 4.3
  return ALLOWED
}
