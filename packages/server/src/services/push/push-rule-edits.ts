import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MatrixError,
  MAX_GLOB_LENGTH,
  PUSH_RULE_KINDS,
  type PushRule,
  type PushRuleKind,
  stringifyJson,
  type UserId,
} from '@magik/protocol'
import { defaultRule, type StoredPushRules } from './stored-push-rules.ts'

/** Which rule is meant. */
export interface PushRuleKey {
  readonly kind: PushRuleKind
  readonly ruleId: string
}

/** Beside which of the user's rules of the same kind a rule is put; in front of all where neither is given. */
export interface PushRulePlace {
  readonly before?: string | undefined
  readonly after?: string | undefined
}

/** Most rules of a user's own. */
const MAX_RULES = 2_000

/** Longest rule, in characters of its JSON. */
const MAX_RULE_LENGTH = 8_192

/**
 * Adds a rule, or replaces the one with its ID, which stays on or off as it was.
 * @throws MatrixError M_INVALID_PARAM, M_MISSING_PARAM if it is no such rule; M_UNKNOWN (400) if `before` or `after`
 *   names none.
 * @spec client-server-api/#put_matrixclientv3pushrulesglobalkindruleid
 */
export function putRule(
  rules: StoredPushRules,
  { kind, ruleId }: PushRuleKey,
  body: JsonObject,
  place: PushRulePlace,
): StoredPushRules {
  if (ruleId.startsWith('.')) throw invalid('Rule IDs that start with a dot are the server’s')
  if (/[/\\]/.test(ruleId)) throw invalid('A rule ID must not contain slashes')
  const existing = rules.own[kind].find((rule) => rule.rule_id === ruleId)
  const rule: PushRule = {
    rule_id: ruleId,
    default: false,
    enabled: existing?.enabled ?? true,
    ...(isConditional(kind) && { conditions: parseConditions(body['conditions']) }),
    ...(kind === 'content' && { pattern: parsePattern(body['pattern']) }),
    actions: parseActions(body['actions']),
  }
  if (stringifyJson(rule).length > MAX_RULE_LENGTH) throw invalid('The rule is too long')
  const count = PUSH_RULE_KINDS.reduce((sum, each) => sum + rules.own[each].length, 0)
  if (existing === undefined && count >= MAX_RULES) throw invalid('There are too many rules')
  return withOwn(rules, kind, placed(rules.own[kind], rule, place))
}

/** Takes a rule of the user's own away. @throws MatrixError M_NOT_FOUND */
export function deleteRule(rules: StoredPushRules, { kind, ruleId }: PushRuleKey): StoredPushRules {
  const left = rules.own[kind].filter((rule) => rule.rule_id !== ruleId)
  if (left.length === rules.own[kind].length) throw noSuchRule()
  return withOwn(rules, kind, left)
}

/** Sets whether a rule is on, or what it does; also one of the server's. @throws MatrixError M_NOT_FOUND */
export function changeRule(
  userId: UserId,
  rules: StoredPushRules,
  { kind, ruleId }: PushRuleKey,
  change: { readonly enabled: boolean } | { readonly actions: PushRule['actions'] },
): StoredPushRules {
  if (ruleId.startsWith('.')) {
    if (defaultRule(userId, kind, ruleId) === undefined) throw noSuchRule()
    return { ...rules, changed: { ...rules.changed, [ruleId]: { ...rules.changed[ruleId], ...change } } }
  }
  if (!rules.own[kind].some((rule) => rule.rule_id === ruleId)) throw noSuchRule()
  return withOwn(
    rules,
    kind,
    rules.own[kind].map((rule) => (rule.rule_id === ruleId ? { ...rule, ...change } : rule)),
  )
}

/** @throws MatrixError M_MISSING_PARAM, M_INVALID_PARAM */
export function parseActions(value: JsonValue | undefined): PushRule['actions'] {
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', 'No actions found')
  if (!Array.isArray(value) || !value.every(isAction)) throw invalid('Unrecognised action')
  return value
}

/** Those the specification names, and what older clients send. */
function isAction(value: JsonValue): value is string | JsonObject {
  if (isJsonObject(value)) return typeof value['set_tweak'] === 'string'
  return value === 'notify' || value === 'dont_notify' || value === 'coalesce'
}

function parseConditions(value: JsonValue | undefined): JsonObject[] {
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', "Missing 'conditions'")
  if (!Array.isArray(value) || !value.every(isCondition)) throw invalid("Condition without 'kind'")
  return value
}

function isCondition(value: JsonValue): value is JsonObject {
  if (!isJsonObject(value) || typeof value['kind'] !== 'string') return false
  if (typeof value['pattern'] === 'string') parsePattern(value['pattern'])
  return true
}

function parsePattern(value: JsonValue | undefined): string {
  if (value === undefined) throw new MatrixError('M_MISSING_PARAM', "Content rule missing 'pattern'")
  if (typeof value !== 'string') throw invalid('The pattern must be a string')
  if (value.length > MAX_GLOB_LENGTH) throw invalid('The pattern is too long')
  return value
}

function placed(rules: readonly PushRule[], rule: PushRule, { before, after }: PushRulePlace): PushRule[] {
  const beside = before ?? after
  if (beside === undefined) return [rule, ...rules.filter(({ rule_id: id }) => id !== rule.rule_id)]
  if (!rules.some(({ rule_id: id }) => id === beside)) {
    throw new MatrixError('M_UNKNOWN', `before/after rule not found: ${beside}`, { status: 400 })
  }
  if (beside === rule.rule_id) return rules.map((it) => (it.rule_id === beside ? rule : it))
  const others = rules.filter(({ rule_id: id }) => id !== rule.rule_id)
  const index = others.findIndex(({ rule_id: id }) => id === beside)
  return others.toSpliced(before === undefined ? index + 1 : index, 0, rule)
}

function isConditional(kind: PushRuleKind): boolean {
  return kind === 'override' || kind === 'underride'
}

function withOwn(rules: StoredPushRules, kind: PushRuleKind, own: PushRule[]): StoredPushRules {
  return { ...rules, own: { ...rules.own, [kind]: own } }
}

function invalid(message: string): MatrixError {
  return new MatrixError('M_INVALID_PARAM', message)
}

function noSuchRule(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'No such push rule')
}
