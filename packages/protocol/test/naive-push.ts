import {
  isJsonObject,
  type JsonObject,
  type JsonValue,
  PUSH_RULE_KINDS,
  type PushRule,
  type PushRuleKind,
  type PushRuleset,
  type RoomEvent,
} from '../src/index.ts'

/** What the specification asks about an event besides the event. */
export interface NaiveContext {
  readonly joinedMembers: number
  readonly senderMayNotify: (key: string) => boolean
}

/** Whose rules are applied. */
export interface NaiveOwner {
  readonly userId: string
  readonly displayName: string | undefined
}

/**
 * The specification's push rules, sentence by sentence, for one user and one event; shares no code with what it is
 * there to check.
 * @returns the actions of the first rule that matches; none if no rule does or the event is the user's own.
 */
export function naiveActions(
  ruleset: PushRuleset,
  event: RoomEvent,
  context: NaiveContext,
  owner: NaiveOwner,
): readonly JsonValue[] {
  if (event.pdu.sender === owner.userId) return []
  const flat = flatten({ ...event.pdu, room_id: event.roomId, event_id: event.eventId, user_id: event.pdu.sender })
  const master = ruleset.override.filter((rule) => rule.rule_id === '.m.rule.master' && rule.default)
  const rest = PUSH_RULE_KINDS.flatMap((kind) =>
    ruleset[kind].filter((rule) => !master.includes(rule)).map((rule): [PushRuleKind, PushRule] => [kind, rule]),
  )
  for (const [kind, rule] of [...master.map((rule): [PushRuleKind, PushRule] => ['override', rule]), ...rest]) {
    if (!rule.enabled) continue
    const conditions = kind === 'override' || kind === 'underride' ? (rule.conditions ?? []) : [predefined(kind, rule)]
    if (conditions.every((condition) => holds(condition, flat, context, owner))) return rule.actions
  }
  return []
}

/** Whether actions notify, and whether with a highlight. */
export function naiveOutcome(actions: readonly JsonValue[]): { notify: boolean; highlight: boolean } {
  const notify = actions.includes('notify')
  const highlights = actions.filter(isJsonObject).filter((action) => action['set_tweak'] === 'highlight')
  const last = highlights.at(-1)
  return { notify, highlight: notify && last !== undefined && (last['value'] === undefined || last['value'] === true) }
}

function predefined(kind: 'content' | 'room' | 'sender', rule: PushRule): JsonObject {
  if (kind === 'content') return { kind: 'event_match', key: 'content.body', pattern: rule.pattern ?? null }
  return { kind: 'event_property_is', key: kind === 'room' ? 'room_id' : 'sender', value: rule.rule_id }
}

function holds(
  condition: JsonObject,
  flat: ReadonlyMap<string, JsonValue>,
  context: NaiveContext,
  owner: NaiveOwner,
): boolean {
  const { key, pattern, value, is } = condition
  const found = typeof key === 'string' ? flat.get(key) : undefined
  switch (condition['kind']) {
    case 'event_match':
      if (typeof found !== 'string' || typeof pattern !== 'string') return false
      return key === 'content.body'
        ? new RegExp(`(?:^|\\b|(?<=\\W))(?:${source(pattern)})(?:\\b|(?=\\W)|$)`, 'is').test(found)
        : new RegExp(`^(?:${source(pattern)})$`, 'is').test(found)
    case 'event_property_is':
      return value !== undefined && found !== undefined && isSimple(value) && found === value
    case 'event_property_contains':
      return Array.isArray(found) && value !== undefined && isSimple(value) && found.filter(isSimple).includes(value)
    case 'contains_display_name': {
      const body = flat.get('content.body')
      if (typeof body !== 'string' || !owner.displayName) return false
      const name = owner.displayName.replace(/[^\w\s]/g, '\\$&')
      return new RegExp(`(?:^|\\b|(?<=\\W))(?:${name})(?:\\b|(?=\\W)|$)`, 'is').test(body)
    }
    case 'room_member_count': {
      const [, sign = '', digits] = /^(==|<|>|>=|<=)?([0-9]+)$/.exec(String(is)) ?? []
      if (digits === undefined) return false
      const [count, bound] = [context.joinedMembers, Number(digits)]
      if (sign === '<') return count < bound
      if (sign === '>') return count > bound
      if (sign === '<=') return count <= bound
      return sign === '>=' ? count >= bound : count === bound
    }
    case 'sender_notification_permission':
      return typeof key === 'string' && context.senderMayNotify(key)
    default:
      return false
  }
}

function source(pattern: string): string {
  return [...pattern]
    .map((sign) => (sign === '*' ? '.*' : sign === '?' ? '.' : sign.replace(/[^\w\s]/, '\\$&')))
    .join('')
}

function isSimple(value: JsonValue): boolean {
  return value === null || typeof value !== 'object'
}

function flatten(object: JsonObject, prefix = '', flat = new Map<string, JsonValue>()): Map<string, JsonValue> {
  for (const [name, value] of Object.entries(object)) {
    const path = prefix + name.replaceAll('\\', '\\\\').replaceAll('.', '\\.')
    if (isJsonObject(value)) flatten(value, `${path}.`, flat)
    else flat.set(path, value)
  }
  return flat
}
