import { expect, test } from 'vitest'
import { alice } from '../../test/room-builder.ts'
import { defaultPushRules } from './default-rules.ts'

test('the default rules are the specification’s, in its order, and behind them those of today’s clients', () => {
  const rules = defaultPushRules(alice)
  expect(rules.override.map((rule) => rule.rule_id)).toEqual([
    '.m.rule.master',
    '.m.rule.suppress_notices',
    '.m.rule.invite_for_me',
    '.m.rule.member_event',
    '.m.rule.is_user_mention',
    '.m.rule.is_room_mention',
    '.m.rule.tombstone',
    '.m.rule.reaction',
    '.m.rule.room.server_acl',
    '.m.rule.suppress_edits',
    '.org.matrix.msc3930.rule.poll_response',
  ])
  expect(rules.underride.map((rule) => rule.rule_id)).toEqual([
    '.m.rule.call',
    '.m.rule.encrypted_room_one_to_one',
    '.m.rule.room_one_to_one',
    '.m.rule.message',
    '.m.rule.encrypted',
    '.im.vector.jitsi',
    '.org.matrix.msc3930.rule.poll_start_one_to_one',
    '.org.matrix.msc3930.rule.poll_start',
    '.org.matrix.msc3930.rule.poll_end_one_to_one',
    '.org.matrix.msc3930.rule.poll_end',
  ])
  expect([rules.content, rules.room, rules.sender]).toEqual([[], [], []])
})

test('all are on but the master switch', () => {
  const { override, underride } = defaultPushRules(alice)
  for (const rule of [...override, ...underride]) {
    expect([rule.rule_id, rule.enabled]).toEqual([rule.rule_id, rule.rule_id !== '.m.rule.master'])
    expect(rule.default).toBe(true)
  }
})

test('rules about the user name the user', () => {
  const { override } = defaultPushRules(alice)
  expect(override.find((rule) => rule.rule_id === '.m.rule.invite_for_me')).toEqual({
    rule_id: '.m.rule.invite_for_me',
    default: true,
    enabled: true,
    conditions: [
      { kind: 'event_match', key: 'type', pattern: 'm.room.member' },
      { kind: 'event_match', key: 'content.membership', pattern: 'invite' },
      { kind: 'event_match', key: 'state_key', pattern: alice },
    ],
    actions: ['notify', { set_tweak: 'sound', value: 'default' }],
  })
  expect(override.find((rule) => rule.rule_id === '.m.rule.is_user_mention')?.conditions).toEqual([
    { kind: 'event_property_contains', key: 'content.m\\.mentions.user_ids', value: alice },
  ])
})
