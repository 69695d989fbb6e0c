import { isJsonObject } from '../json/json-value.ts'
import type { PersonalRule, PushClass } from './compile-push-rules.ts'
import type { PushAudience, PushMember } from './push-audience.ts'
import type { PushOwner } from './push-condition.ts'
import { NO_PUSH, type PushOutcome } from './push-outcome.ts'
import type { PushSubject } from './push-subject.ts'
import { type MatchedRules, matchSharedRules } from './shared-rules.ts'

/** What comes of an event for the members of a room. */
export interface PushEvaluation<Member extends PushMember> {
  /** Which of the server's rules match: what a class makes of them is its members' outcome. */
  readonly matched: MatchedRules
  /** The outcome by class. */
  readonly outcomes: ReadonlyMap<PushClass, PushOutcome>
  /** The members whose outcome is another than their class's. */
  readonly deviating: ReadonlyMap<Member, PushOutcome>
}

/**
 * Applies all members' rules to an event in one pass: each class once, each different rule of the members' own once,
 * and then only the members whom the event names or for whom a rule of their own matches. The sender hears nothing of
 * their own event.
 * @param named the members among `usersNamedBy(subject)`, where they are not to be looked for in the audience.
 * @spec client-server-api/#push-rules
 */
export function evaluatePush<Member extends PushMember>(
  subject: PushSubject,
  audience: PushAudience<Member>,
  named: Iterable<Member> = namedIn(audience, subject),
): PushEvaluation<Member> {
  const matched = matchSharedRules(subject)
  const outcomes = new Map<PushClass, PushOutcome>()
  for (const pushClass of audience.classes) outcomes.set(pushClass, pushClass.outcome(matched))
  const deviating = new Map<Member, PushOutcome>()
  for (const member of concernedMembers(subject, audience, named)) {
    const outcome = member.userId === subject.sender ? NO_PUSH : member.rules.outcome(subject, matched, member)
    if (outcome.key !== member.rules.class.outcome(matched).key) deviating.set(member, outcome)
  }
  return { matched, outcomes, deviating }
}

function* namedIn<Member extends PushMember>(audience: PushAudience<Member>, subject: PushSubject): Iterable<Member> {
  for (const userId of usersNamedBy(subject)) {
    const member = audience.get(userId)
    if (member !== undefined) yield member
  }
}

/** The members whom an event may concern in another way than their class, each once. */
function concernedMembers<Member extends PushMember>(
  subject: PushSubject,
  audience: PushAudience<Member>,
  named: Iterable<Member>,
): Iterable<Member> {
  const concerned = new Map<string, Member>()
  for (const member of named) concerned.set(member.userId, member)
  for (const { rule, members } of audience.watches) {
    if (!rule.isAboutOwner && !holds(rule, subject, NOBODY)) continue
    for (const member of members) {
      if (!rule.isAboutOwner || holds(rule, subject, member)) concerned.set(member.userId, member)
    }
  }
  return concerned.values()
}

function holds(rule: PersonalRule, subject: PushSubject, owner: PushOwner): boolean {
  return rule.conditions.every(({ matches }) => matches(subject, owner))
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
