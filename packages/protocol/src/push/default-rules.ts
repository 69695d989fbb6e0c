import type { JsonObject } from '../json/json-value.ts'
import type { UserId } from '../identifiers.ts'

/**
 * A push rule as clients see it. Rules of the kinds `override` and `underride` have conditions, those of the kind
 * `content` a pattern.
 */
export type PushRule = {
  rule_id: string
  /** Whether it is one of the server's. */
  default: boolean
  enabled: boolean
  conditions?: JsonObject[]
  pattern?: string
  actions: (string | JsonObject)[]
}

/** A kind of push rules. */
export type PushRuleKind = 'override' | 'content' | 'room' | 'sender' | 'underride'

/** The kinds, in the order in which they are looked at. */
export const PUSH_RULE_KINDS: readonly PushRuleKind[] = ['override', 'content', 'room', 'sender', 'underride']

/** The rules of one scope, by kind and within a kind by priority. @spec client-server-api/#push-rules */
export type PushRuleset = Record<PushRuleKind, PushRule[]>

/** The server's rule that stands before all others, those of the user included. */
export const MASTER_RULE_ID = '.m.rule.master'

/**
 * The rules every user has until they change them: the `global` ruleset, each kind in the spec's order.
 *
 * Rules that look for mentions in a message's text (`contains_display_name`, `contains_user_name`, `roomnotif`) are no
 * longer among them: version 1.17 of the specification and MSC4210 took them out. Beyond the specification there are
 * the rules that today's clients show and, should a server lack them, apply by themselves: polls (MSC3930) and, as
 * Synapse has it, calls in a Jitsi widget. Not among them are what Synapse leaves off by default: MSC3664 (replies),
 * MSC4028 (every encrypted event), MSC4306 (thread subscriptions) and rules for rooms with extensible events.
 * @spec client-server-api/#predefined-rules
 */
export function defaultPushRules(userId: UserId): PushRuleset {
  return { override: overrideRules(userId), content: [], room: [], sender: [], underride: underrideRules() }
}

function overrideRules(userId: UserId): PushRule[] {
  return [
    { ...rule(MASTER_RULE_ID, [], []), enabled: false },
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
    rule('.org.matrix.msc3930.rule.poll_response', [matches('type', 'org.matrix.msc3381.poll.response')], []),
  ]
}

function underrideRules(): PushRule[] {
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
    rule(
      '.im.vector.jitsi',
      [matches('type', 'im.vector.modular.widgets'), matches('content.type', 'jitsi'), matches('state_key', '*')],
      ['notify'],
    ),
    rule('.org.matrix.msc3930.rule.poll_start_one_to_one', [twoMembers(), pollStart()], ['notify', sound('default')]),
    rule('.org.matrix.msc3930.rule.poll_start', [pollStart()], ['notify']),
    rule('.org.matrix.msc3930.rule.poll_end_one_to_one', [twoMembers(), pollEnd()], ['notify', sound('default')]),
    rule('.org.matrix.msc3930.rule.poll_end', [pollEnd()], ['notify']),
  ]
}

function rule(ruleId: string, conditions: JsonObject[], actions: (string | JsonObject)[]): PushRule {
  return { rule_id: ruleId, default: true, enabled: true, conditions, actions }
}

function matches(key: string, pattern: string): JsonObject {
  return { kind: 'event_match', key, pattern }
}

function pollStart(): JsonObject {
  return matches('type', 'org.matrix.msc3381.poll.start')
}

function pollEnd(): JsonObject {
  return matches('type', 'org.matrix.msc3381.poll.end')
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
