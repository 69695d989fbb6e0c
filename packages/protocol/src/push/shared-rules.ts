import { parseUserId } from '../identifiers.ts'
import { defaultPushRules, type PushRule } from './default-rules.ts'
import { compilePushCondition, type PushCondition } from './push-condition.ts'
import type { PushSubject } from './push-subject.ts'

/**
 * Numbers of the server's rules that say the same of an event whoever is asked: not `.m.rule.master`, which has no
 * conditions, nor the two that name the user. Stored: numbers are never reused, and below 31.
 */
const SHARED_RULE_NUMBERS: Readonly<Record<string, number>> = {
  '.m.rule.suppress_notices': 0,
  '.m.rule.member_event': 1,
  '.m.rule.is_room_mention': 2,
  '.m.rule.tombstone': 3,
  '.m.rule.reaction': 4,
  '.m.rule.room.server_acl': 5,
  '.m.rule.suppress_edits': 6,
  '.org.matrix.msc3930.rule.poll_response': 7,
  '.m.rule.call': 8,
  '.m.rule.encrypted_room_one_to_one': 9,
  '.m.rule.room_one_to_one': 10,
  '.m.rule.message': 11,
  '.m.rule.encrypted': 12,
  '.im.vector.jitsi': 13,
  '.org.matrix.msc3930.rule.poll_start_one_to_one': 14,
  '.org.matrix.msc3930.rule.poll_start': 15,
  '.org.matrix.msc3930.rule.poll_end_one_to_one': 16,
  '.org.matrix.msc3930.rule.poll_end': 17,
}

/**
 * Which of the server's rules match an event, whether or not a user has them on: the bit `1 << n` stands for the rule
 * with number `n`. It decides the outcome for everybody who has no rule of their own that matches too.
 */
export type MatchedRules = number

/** The number of one of the server's rules that are the same for all; undefined for any other rule. */
export function sharedRuleNumber(rule: Pick<PushRule, 'rule_id' | 'default'>): number | undefined {
  return rule.default && Object.hasOwn(SHARED_RULE_NUMBERS, rule.rule_id)
    ? SHARED_RULE_NUMBERS[rule.rule_id]
    : undefined
}

/** Which of the server's rules match an event. */
export function matchSharedRules(subject: PushSubject): MatchedRules {
  let matched = 0
  for (const { bit, conditions } of SHARED_RULES) {
    if (conditions.every((condition) => condition.about !== 'room' && condition.matches(subject, NOBODY)))
      matched |= bit
  }
  return matched
}

const NOBODY = { userId: '', displayName: undefined }

const SHARED_RULES: readonly { bit: number; conditions: readonly PushCondition[] }[] = compileSharedRules()

function compileSharedRules() {
  // None of them names the user.
  const { override, underride } = defaultPushRules(parseUserId('@nobody:invalid'))
  return [...override, ...underride].flatMap((rule) => {
    const number = sharedRuleNumber(rule)
    if (number === undefined) return []
    const conditions = (rule.conditions ?? []).flatMap((condition) => compilePushCondition(condition) ?? [])
    return [{ bit: 1 << number, conditions }]
  })
}
