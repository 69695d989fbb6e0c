import { defaultPushRules, MatrixError, type PushRule, type PushRuleset, type UserId } from '@magik/protocol'

/** Users' push rules: so far the ones every user begins with. @spec client-server-api/#push-rules */
export class PushRules {
  /** The user's global ruleset. */
  of(userId: UserId): PushRuleset {
    return defaultPushRules(userId)
  }

  /** One rule. @throws MatrixError M_NOT_FOUND */
  get(userId: UserId, kind: keyof PushRuleset, ruleId: string): PushRule {
    const rule = this.of(userId)[kind].find((candidate) => candidate.rule_id === ruleId)
    if (rule === undefined) throw new MatrixError('M_NOT_FOUND', 'No such push rule')
    return rule
  }
}
