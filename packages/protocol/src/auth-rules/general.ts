import { serverNameOf } from '../identifiers.ts'
import type { AuthCheck } from './auth-check.ts'
import { type Refusal, refuse } from './verdict.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkFederation({ pdu, create }: AuthCheck): Refusal | undefined {
  // 4 (v11: 3)
  if (create.content['m.federate'] !== false) return undefined
  if (serverNameOf(pdu.sender) === serverNameOf(create.sender)) return undefined
  return refuse('4', 'The room is closed to users of other servers than its creator’s')
}

/** @spec rooms/v12/#authorisation-rules */
export function checkSenderJoined(check: AuthCheck): Refusal | undefined {
  // 6 (v11: 5)
  if (check.membershipOf(check.pdu.sender) === 'join') return undefined
  return refuse('6', 'The sender is not in the room')
}

/** @spec rooms/v12/#authorisation-rules */
export function checkSending(check: AuthCheck): Refusal | undefined {
  const { type, sender, state_key: stateKey } = check.pdu
  const needed = check.powerLevels.forEvent(type, stateKey !== undefined)
  // 8 (v11: 7)
  if (needed > check.senderLevel) {
    return refuse('8', `Sending ${type} takes power level ${needed}, and the sender has ${check.senderLevel}`)
  }
  // 9 (v11: 8)
  if (stateKey?.startsWith('@') && stateKey !== sender) {
    return refuse('9', 'State with a user ID as its key is that user’s alone to send')
  }
  return undefined
}
