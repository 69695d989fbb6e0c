import { isJsonObject } from '../json/json-value.ts'
import type { PushClass } from './compile-push-rules.ts'
import type { PushAudience, PushMember } from './push-audience.ts'
import { NO_PUSH, type PushOutcome } from './push-outcome.ts'
import type { PushSubject } from './push-subject.ts'
import { type MatchedRules, matchSharedRules } from './shared-rules.ts'

/** What comes of an event for the members of a room. */
export interface PushEvaluation {
  /** Which of the server's rules match: what a class makes of them is its members' outcome. */
  readonly matched: MatchedRules
  /** The outcome by class. */
  readonly outcomes: ReadonlyMap<PushClass, PushOutcome>
  /** The members whose outcome is another than their class's, by user ID. */
  readonly deviating: ReadonlyMap<string, PushOutcome>
}

/**
 * Applies all members' rules to an event in one pass: each class once, each different rule of the members' own once,
 * and then only the members for whom one matches. The sender hears nothing of their own event.
 * @spec client-server-api/#push-rules
 */
export function evaluatePush(subject: PushSubject, audience: PushAudience): PushEvaluation {
  const matched = matchSharedRules(subject)
  const outcomes = new Map<PushClass, PushOutcome>()
  for (const pushClass of audience.classes) outcomes.set(pushClass, pushClass.outcome(matched))
  const deviating = new Map<string, PushOutcome>()
  for (const member of concernedMembers(subject, audience)) {
    const outcome = member.userId === subject.sender ? NO_PUSH : member.rules.outcome(subject, matched, member)
    if (outcome.key !== member.rules.class.outcome(matched).key) deviating.set(member.userId, outcome)
  }
  return { matched, outcomes, deviating }
}

/** The members whom an event may concern more than others, or less: by name, or by a rule of their own that matches. */
function concernedMembers(subject: PushSubject, audience: PushAudience): ReadonlySet<PushMember> {
  const concerned = new Set<PushMember>()
  for (const userId of usersNamedBy(subject)) {
    const member = audience.get(userId)
    if (member !== undefined) concerned.add(member)
  }
  for (const { rule, members } of audience.watches) {
    if (!rule.isAboutOwner) {
      if (rule.conditions.every(({ matches }) => matches(subject, NOBODY))) for (const it of members) concerned.add(it)
      continue
    }
    for (const member of members) {
      if (rule.conditions.every(({ matches }) => matches(subject, member))) concerned.add(member)
    }
  }
  return concerned
}

const NOBODY = { userId: '', displayName: undefined }

/**
 * The users whom the server's rules may single out: the sender, those an event mentions, and whom a membership event
 * is about.
 */
export function usersNamedBy(subject: PushSubject): ReadonlySet<string> {
  const users = new Set<string>([subject.sender])
  const mentions = subject.property(MENTIONS)
  const mentioned = isJsonObject(mentions) ? mentions['user_ids'] : undefined
  if (Array.isArray(mentioned)) for (const userId of mentioned) if (typeof userId === 'string') users.add(userId)
  if (subject.type === 'm.room.member' && subject.stateKey !== undefined) users.add(subject.stateKey)
  return users
}

const MENTIONS = ['content', 'm.mentions']
