import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  PUSH_RULE_KINDS,
  type PushRule,
  type PushRuleKind,
  type PushRuleset,
  type ResolutionEvent,
} from '@magik/protocol'

/** Whose rules are applied, and what else they ask about. */
export interface NaivePushContext {
  readonly userId: string
  readonly joinedMembers: number
  readonly senderMayNotify: (key: string) => boolean
}

/** Goes through one user's rules until one matches. It knows the conditions of the server's rules, and keywords. */
export function naiveOutcome(
  ruleset: PushRuleset,
  event: ResolutionEvent,
  context: NaivePushContext,
): { readonly notify: boolean; readonly highlight: boolean } {
  if (event.pdu.sender === context.userId) return { notify: false, highlight: false }
  const rule = firstMatch(ruleset, event, context)
  const actions = rule?.actions ?? []
  const highlight = actions.filter(isJsonObject).find((action) => action['set_tweak'] === 'highlight')
  return {
    notify: actions.includes('notify'),
    highlight: highlight !== undefined && highlight['value'] !== false,
  }
}

function firstMatch(ruleset: PushRuleset, event: ResolutionEvent, context: NaivePushContext): PushRule | undefined {
  for (const kind of PUSH_RULE_KINDS) {
    for (const rule of ruleset[kind]) {
      if (rule.enabled && conditionsOf(kind, rule).every((condition) => holds(condition, event, context))) return rule
    }
  }
  return undefined
}

function conditionsOf(kind: PushRuleKind, rule: PushRule): readonly JsonObject[] {
  switch (kind) {
    case 'content':
      return [{ kind: 'event_match', key: 'content.body', pattern: rule.pattern ?? '' }]
    case 'room':
      return [{ kind: 'event_match', key: 'room_id', pattern: rule.rule_id }]
    case 'sender':
      return [{ kind: 'event_match', key: 'sender', pattern: rule.rule_id }]
    default:
      return rule.conditions ?? []
  }
}

function holds(condition: JsonObject, event: ResolutionEvent, context: NaivePushContext): boolean {
  const { kind, key, pattern, value, is } = condition
  const found = typeof key === 'string' ? propertyOf(event, key) : undefined
  switch (kind) {
    case 'event_match':
      if (typeof found !== 'string' || typeof pattern !== 'string') return false
      return key === 'content.body'
        ? found.toLowerCase().split(/\W+/).includes(pattern.toLowerCase())
        : globOf(pattern).test(found)
    case 'event_property_is':
      return found === value
    case 'event_property_contains':
      return Array.isArray(found) && value !== undefined && found.includes(value)
    case 'room_member_count':
      return Number(is) === context.joinedMembers
    case 'sender_notification_permission':
      return typeof key === 'string' && context.senderMayNotify(key)
    default:
      return false
  }
}

function globOf(pattern: string): RegExp {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.')
  return new RegExp(`^${source}$`, 'is')
}

/** The property at a dotted path, in which a backslash keeps a dot from parting. */
function propertyOf({ eventId, roomId, pdu }: ResolutionEvent, path: string): JsonValue | undefined {
  let at: JsonValue | undefined = { ...pdu, room_id: roomId, event_id: eventId }
  for (const name of path.split(/(?<!\\)\./)) {
    at = isJsonObject(at) ? at[name.replaceAll('\\.', '.')] : undefined
  }
  return at
}
