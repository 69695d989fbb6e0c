import { describe, expect, test } from 'vitest'
import { alice, bob, carol, roomVersion } from '../../test/room-builder.ts'
import type { JsonObject } from '../json/json-value.ts'
import { authEventKeys } from './auth-event-keys.ts'

const V11 = roomVersion('11')
const V12 = roomVersion('12')
const POWER_LEVELS = ['m.room.power_levels', '']
const JOIN_RULES = ['m.room.join_rules', '']
const member = (userId: string) => ['m.room.member', userId]

function membership(target: string, content: JsonObject) {
  return authEventKeys({ type: 'm.room.member', sender: alice, state_key: target, content }, V12)
}

describe('authEventKeys', () => {
  test('a create event needs no permission', () => {
    expect(authEventKeys({ type: 'm.room.create', sender: alice, state_key: '', content: {} }, V11)).toEqual([])
  })

  test('the create event is listed where the room ID does not imply it', () => {
    const message = { type: 'm.room.message', sender: alice, content: {} }
    expect(authEventKeys(message, V11)).toEqual([['m.room.create', ''], POWER_LEVELS, member(alice)])
    expect(authEventKeys(message, V12)).toEqual([POWER_LEVELS, member(alice)])
  })

  test('a membership event needs its target’s membership too', () => {
    expect(membership(bob, { membership: 'ban' })).toEqual([POWER_LEVELS, member(alice), member(bob)])
    expect(membership(alice, { membership: 'leave' })).toEqual([POWER_LEVELS, member(alice)])
  })

  test('a membership event that is no state event needs no more than a message', () => {
    const event = { type: 'm.room.member', sender: alice, content: { membership: 'join' } }
    expect(authEventKeys(event, V12)).toEqual([POWER_LEVELS, member(alice)])
    const topic = { type: 'm.room.topic', sender: alice, state_key: '', content: { membership: 'join' } }
    expect(authEventKeys(topic, V12)).toEqual([POWER_LEVELS, member(alice)])
  })

  test.each(['join', 'invite', 'knock'])('%s needs the join rules', (value) => {
    expect(membership(alice, { membership: value })).toEqual([POWER_LEVELS, member(alice), JOIN_RULES])
  })

  test('an invite by a third party needs the event it answers', () => {
    const content = { membership: 'invite', third_party_invite: { signed: { token: 'abc' } } }
    const keys = [POWER_LEVELS, member(alice), member(bob), JOIN_RULES, ['m.room.third_party_invite', 'abc']]
    expect(membership(bob, content)).toEqual(keys)
    expect(membership(bob, { ...content, membership: 'leave' })).toEqual([POWER_LEVELS, member(alice), member(bob)])
    expect(membership(bob, { membership: 'invite', third_party_invite: 'abc' })).toEqual(keys.slice(0, 4))
  })

  test('a restricted join needs the membership of the user who vouches for it, once', () => {
    const join = (authoriser: string) =>
      membership(alice, { membership: 'join', join_authorised_via_users_server: authoriser })
    expect(join(carol)).toEqual([POWER_LEVELS, member(alice), JOIN_RULES, member(carol)])
    expect(join(alice)).toEqual([POWER_LEVELS, member(alice), JOIN_RULES])
  })

  test('traits decide on knocking and restricted joins', () => {
    const event = { type: 'm.room.member', sender: alice, state_key: alice }
    const knock = { ...event, content: { membership: 'knock' } }
    const join = { ...event, content: { membership: 'join', join_authorised_via_users_server: carol } }
    const version = { ...V12, knocking: false, restrictedJoins: false }
    expect(authEventKeys(knock, version)).toEqual([POWER_LEVELS, member(alice)])
    expect(authEventKeys(join, version)).toEqual([POWER_LEVELS, member(alice), JOIN_RULES])
  })
})
