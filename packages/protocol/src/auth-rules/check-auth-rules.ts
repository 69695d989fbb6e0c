import type { RoomVersion } from '../room-version/room-version.ts'
import { checkAliases } from './aliases.ts'
import { AuthCheck, type EventToAuthorise } from './auth-check.ts'
import type { AuthState } from './auth-state.ts'
import { checkCreate } from './create.ts'
import { checkFederation, checkSenderJoined, checkSending } from './general.ts'
import { checkMember } from './member/check-member.ts'
import { checkPowerLevels } from './power-levels.ts'
import { checkRedaction } from './redaction.ts'
import { checkThirdPartyInvite } from './third-party-invite.ts'
import { ALLOWED, refuse, type Verdict } from './verdict.ts'

/**
 * Whether an event may follow a state of its room. Two rules are the caller's: those on the event's claimed auth events
 * (`checkAuthEvents`), and the signature of the server behind `join_authorised_via_users_server` (rule 5.2.1), which is
 * checked on receipt with the event's other signatures.
 * @param state of the event's own room, before the event. In every room version it includes the create event.
 * @spec rooms/v12/#authorisation-rules
 */
export function checkAuthRules(event: EventToAuthorise, state: AuthState, version: RoomVersion): Verdict {
  const { pdu } = event
  // 1
  if (pdu.type === 'm.room.create') return checkCreate(event, version)
  const create = state('m.room.create', '')
  if (create === undefined) {
    // 2 (v11: 2.4)
    return refuse(version.createEventIn === 'room-id' ? '2' : 'v11/2.4', 'The room has no create event')
  }
  const check = new AuthCheck(event, state, create, version)
  return (
    checkFederation(check) ?? // 4 (v11: 3)
    (version.aliasesRule && pdu.type === 'm.room.aliases' ? checkAliases(check) : undefined) ?? // v5: 4
    (pdu.type === 'm.room.member' ? checkMember(check) : undefined) ?? // 5 (v11: 4)
    checkSenderJoined(check) ?? // 6 (v11: 5)
    (pdu.type === 'm.room.third_party_invite' ? checkThirdPartyInvite(check) : undefined) ?? // 7 (v11: 6)
    checkSending(check) ?? // 8 and 9 (v11: 7 and 8)
    (pdu.type === 'm.room.power_levels' ? checkPowerLevels(check) : undefined) ?? // 10 (v11: 9)
    (version.redactionRightCheckedBy === 'auth-rules' && pdu.type === 'm.room.redaction'
      ? checkRedaction(check)
      : undefined) ?? // v2: 11
    ALLOWED // 11 (v11: 10)
  )
}
