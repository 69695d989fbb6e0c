import {
  defaultPushRules,
  isJsonObject,
  type JsonObject,
  type JsonValue,
  MASTER_RULE_ID,
  parseJsonText,
  PUSH_RULE_KINDS,
  type PushRule,
  type PushRuleKind,
  type PushRuleset,
  stringifyJson,
  type UserId,
} from '@magik/protocol'

/** What a user has changed of one of the server's rules. */
export type ChangedDefault = { enabled?: boolean; actions?: PushRule['actions'] }

/** A user's push rules, as far as they are other than the server's. */
export interface StoredPushRules {
  /** The user's own, by kind and priority. */
  readonly own: PushRuleset
  /** Changes of the server's, by rule ID. */
  readonly changed: Readonly<Record<string, ChangedDefault>>
}

/** The rules of a user who has changed nothing. */
export const NO_CHANGES: StoredPushRules = {
  own: { override: [], content: [], room: [], sender: [], underride: [] },
  changed: {},
}

/** The rules as the user has them: the server's behind the user's own of the same kind, but for the master switch. */
export function rulesetOf(userId: UserId, stored: StoredPushRules): PushRuleset {
  const defaults = defaultPushRules(userId)
  const rules: PushRuleset = { override: [], content: [], room: [], sender: [], underride: [] }
  for (const kind of PUSH_RULE_KINDS) {
    const changed = defaults[kind].map((rule) => ({ ...rule, ...stored.changed[rule.rule_id] }))
    const isMaster = (rule: PushRule) => rule.rule_id === MASTER_RULE_ID
    rules[kind] = [...changed.filter(isMaster), ...stored.own[kind], ...changed.filter((rule) => !isMaster(rule))]
  }
  return rules
}

/**
 * The part of the rules that says the same of an event whoever is asked, or that is about nothing but the room. While
 * it stays as it is, nothing changes in how the user's unread events are counted.
 */
export function sharedPart({ own, changed }: StoredPushRules): StoredPushRules {
  const aboutRooms = (rules: PushRule[]) => rules.filter(isAboutRooms)
  const { override, room, underride } = own
  return {
    own: { ...NO_CHANGES.own, override: aboutRooms(override), room, underride: aboutRooms(underride) },
    changed,
  }
}

function isAboutRooms({ conditions = [] }: PushRule): boolean {
  return conditions.every(({ kind, key }) => kind === 'event_match' && key === 'room_id')
}

/** Rules as the database keeps them. */
export function stringifyStoredRules(rules: StoredPushRules): string {
  return stringifyJson({ own: rules.own, changed: rules.changed })
}

/** Reads what `stringifyStoredRules` has written. */
export function parseStoredRules(text: string): StoredPushRules {
  const json = parseJsonText(text)
  const { own, changed } = isJsonObject(json) ? json : {}
  const rules: PushRuleset = { override: [], content: [], room: [], sender: [], underride: [] }
  for (const kind of PUSH_RULE_KINDS) rules[kind] = objectsOf(isJsonObject(own) ? own[kind] : undefined).map(toRule)
  const defaults: Record<string, ChangedDefault> = {}
  for (const [ruleId, change] of Object.entries(isJsonObject(changed) ? changed : {})) {
    const { enabled, actions } = isJsonObject(change) ? change : {}
    defaults[ruleId] = {
      ...(typeof enabled === 'boolean' && { enabled }),
      ...(actions !== undefined && { actions: toActions(actions) }),
    }
  }
  return { own: rules, changed: defaults }
}

function toRule(json: JsonObject): PushRule {
  const { rule_id: ruleId, enabled, conditions, pattern, actions } = json
  return {
    rule_id: String(ruleId),
    default: false,
    enabled: enabled !== false,
    ...(conditions !== undefined && { conditions: objectsOf(conditions) }),
    ...(typeof pattern === 'string' && { pattern }),
    actions: toActions(actions),
  }
}

function toActions(value: JsonValue | undefined): PushRule['actions'] {
  const isAction = (it: JsonValue): it is string | JsonObject => typeof it === 'string' || isJsonObject(it)
  return Array.isArray(value) ? value.filter(isAction) : []
}

function objectsOf(value: JsonValue | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter(isJsonObject) : []
}

/** Where one of the server's rules stands. @returns undefined if there is none of this kind. */
export function defaultRule(userId: UserId, kind: PushRuleKind, ruleId: string): PushRule | undefined {
  return defaultPushRules(userId)[kind].find((rule) => rule.rule_id === ruleId)
}
