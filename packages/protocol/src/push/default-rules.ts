import type { JsonObject } from '../json/json-value.ts'
import type { UserId } from '../identifiers.ts'

/** A push rule as clients see it. Rules of the kinds `override` and `underride` have conditions. */
export type ConditionalPushRule = {
  rule_id: string
  default: boolean
  enabled: boolean
  conditions: JsonObject[]
  actions: (string | JsonObject)[]
}

/** The rules of one scope, by kind and within a kind by priority. @spec client-server-api/#push-rules */
export type PushRuleset = {
  override: ConditionalPushRule[]
  content: JsonObject[]
  room: JsonObject[]
  sender: JsonObject[]
  underride: ConditionalPushRule[]
}

/**
 * The rules every user has until they change them: the `global` ruleset, each kind in the spec's order. Rules that look
 * for mentions in a message's text are no longer among them.
 * @spec client-server-api/#predefined-rules
 */
export function defaultPushRules(userId: UserId): PushRuleset {
  return { override: overrideRules(userId), content: [], room: [], sender: [], underride: underrideRules() }
}

function overrideRules(userId: UserId): ConditionalPushRule[] {
  return [
    { ...rule('.m.rule.master', [], []), enabled: false },
    rule('.m.rule.suppress_notices', [matches('content.msgtype', 'm.notice')], []),
    rule(
      '.m.rule.invite_for_me',
      [matches('type', 'm.room.member'), matches('content.membership', 'invite'), matches('state_key', userId)],
      ['notify', sound('default')],
    ),
    rule('.m.rule.member_event', [matches('type', 'm.room.member')], []),
    rule(
      '.m.rule.is_user_mention',
      [{ kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: userId }],
      ['notify', sound('default'), highlight()],
    ),
    rule(
      '.m.rule.is_room_mention',
      [
        { kind: 'event_property_is', key: 'content.m\\.mentions.room', value: true },
        { kind: 'sender_notification_permission', key: 'room' },
      ],
      ['notify', highlight()],
    ),
    rule('.m.rule.tombstone', [matches('type', 'm.room.tombstone'), matches('state_key', '')], ['notify', highlight()]),
    rule('.m.rule.reaction', [matches('type', 'm.reaction')], []),
    rule('.m.rule.room.server_acl', [matches('type', 'm.room.server_acl'), matches('state_key', '')], []),
    rule(
      '.m.rule.suppress_edits',
      [{ kind: 'event_property_is', key: 'content.m\\.relates_to.rel_type', value: 'm.replace' }],
      [],
    ),
  ]
}

function underrideRules(): ConditionalPushRule[] {
  return [
    rule('.m.rule.call', [matches('type', 'm.call.invite')], ['notify', sound('ring')]),
    rule(
      '.m.rule.encrypted_room_one_to_one',
      [twoMembers(), matches('type', 'm.room.encrypted')],
      ['notify', sound('default')],
    ),
    rule('.m.rule.room_one_to_one', [twoMembers(), matches('type', 'm.room.message')], ['notify', sound('default')]),
    rule('.m.rule.message', [matches('type', 'm.room.message')], ['notify']),
    rule('.m.rule.encrypted', [matches('type', 'm.room.encrypted')], ['notify']),
  ]
}

function rule(ruleId: string, conditions: JsonObject[], actions: (string | JsonObject)[]): ConditionalPushRule {
  return { rule_id: ruleId, default: true, enabled: true, conditions, actions }
}

function matches(key: string, pattern: string): JsonObject {
  return { kind: 'event_match', key, pattern }
}

function twoMembers(): JsonObject {
  return { kind: 'room_member_count', is: '2' }
}

function sound(value: string): JsonObject {
  return { set_tweak: 'sound', value }
}

function highlight(): JsonObject {
  return { set_tweak: 'highlight' }
}
