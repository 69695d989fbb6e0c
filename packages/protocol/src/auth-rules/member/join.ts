import { prevEventIds } from '../../event/event-references.ts'
import { eventIdOf } from '../../event/reference-hash.ts'
import type { JsonValue } from '../../json/json-value.ts'
import type { AuthCheck } from '../auth-check.ts'
import { ALLOWED, refuse, type Verdict } from '../verdict.ts'
import type { MemberCheck } from './member-check.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkJoin({ check, content, target }: MemberCheck): Verdict {
  // 5.3.1 (v11: 4.3.1)
  if (isCreatorsFirstJoin(check, target)) return ALLOWED
  // 5.3.2 (v11: 4.3.2)
  if (check.pdu.sender !== target) return refuse('5.3.2', 'Nobody can join a room for somebody else')
  const membership = check.membershipOf(target)
  // 5.3.3 (v11: 4.3.3)
  if (membership === 'ban') return refuse('5.3.3', 'The user is banned from the room')
  const admitted = membership === 'join' || membership === 'invite'
  switch (joinRuleKnownTo(check)) {
    case 'invite': // 5.3.4 (v11: 4.3.4)
    case 'knock':
      return admitted ? ALLOWED : refuse('5.3.4', 'The room can be joined by invitation only')
    case 'restricted': // 5.3.5 (v11: 4.3.5)
    case 'knock_restricted':
      // 5.3.5.1 to 5.3.5.3 (v11: 4.3.5.1 to 4.3.5.3)
      return admitted || mayAdmit(check, content.join_authorised_via_users_server)
        ? ALLOWED
        : refuse('5.3.5.2', 'The join is not vouched for by a member of the room who may invite')
    case 'public': // 5.3.6 (v11: 4.3.6)
      return ALLOWED
    default: // 5.3.7 (v11: 4.3.7)
      return refuse('5.3.7', 'The room’s join rule lets nobody join')
  }
}

/** The creator's first join stands directly on the create event, before there are join rules. */
function isCreatorsFirstJoin({ event, pdu, create, version }: AuthCheck, target: string): boolean {
  const creator = version.creatorNamedBy === 'sender' ? create.sender : create.content.creator
  const [onlyPrevEvent, ...others] = prevEventIds(pdu)
  if (target !== creator || others.length > 0 || onlyPrevEvent === undefined) return false
  // Hashing the create event is left for last: hardly any join gets here.
  const createEventId =
    version.roomIdFormat === 'create-event' ? `$${event.roomId.slice(1)}` : eventIdOf(create, version)
  return onlyPrevEvent === createEventId
}

/** The join rule, or nothing if this room version gives it no meaning. */
function joinRuleKnownTo({ joinRule, version }: AuthCheck): string | undefined {
  if (joinRule === 'knock' && !version.knocking) return undefined
  if (joinRule === 'restricted' && !version.restrictedJoins) return undefined
  if (joinRule === 'knock_restricted' && !version.knockRestrictedJoins) return undefined
  return joinRule
}

function mayAdmit(check: AuthCheck, userId: JsonValue | undefined): boolean {
  if (typeof userId !== 'string' || check.membershipOf(userId) !== 'join') return false
  return check.powerLevels.ofUser(userId) >= check.powerLevels.forAction('invite')
}
