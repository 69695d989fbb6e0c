import { describe, expect, test } from 'vitest'
import {
  ALL_VERSIONS,
  alice,
  bob,
  carol,
  dave,
  isSince,
  outcomeOf,
  roomVersion,
  TestRoom,
} from '../../../test/room-builder.ts'
import { parseEventId, type UserId } from '../../identifiers.ts'
import type { JsonObject } from '../../json/json-value.ts'

/** The membership a user has before the attempt. */
type Membership = 'none' | 'invite' | 'join' | 'leave' | 'ban' | 'knock'

/** Makes dave have a membership, whatever the room's rules. */
function put(room: TestRoom, target: UserId, membership: Membership): void {
  if (membership === 'none') return
  room.force({ type: 'm.room.member', sender: alice, stateKey: target, content: { membership } })
}

/** Join rules that older room versions do not know, with the first that does. */
const JOIN_RULE_SINCE: Readonly<Record<string, number>> = { knock: 7, restricted: 8, knock_restricted: 10 }

describe.each(ALL_VERSIONS)('version %s', (versionId) => {
  const version = roomVersion(versionId)

  describe('rule 5: membership events', () => {
    test('5.1: need a state key and a membership', () => {
      const room = TestRoom.public(version)
      expect(outcomeOf(() => room.send({ type: 'm.room.member', sender: bob, content: { membership: 'join' } }))).toBe(
        '5.1',
      )
      expect(outcomeOf(() => room.send({ type: 'm.room.member', sender: bob, stateKey: bob }))).toBe('5.1')
    })

    test.each(['', 'Join', 'knocked', null, 5, { join: true }])('5.8: membership %j is unknown', (membership) => {
      const room = TestRoom.public(version)
      const content = { membership }
      expect(outcomeOf(() => room.send({ type: 'm.room.member', sender: bob, stateKey: bob, content }))).toBe('5.8')
    })
  })

  describe('rule 5.3: join', () => {
    test('5.3.1: the creator’s join may follow the create event, and only that', () => {
      // given a room with nothing but its create event
      const room = new TestRoom(version)
      room.send({ type: 'm.room.create', sender: alice, stateKey: '', content: { creator: alice } })
      // then others may not join, nor the creator on anything else
      expect(outcomeOf(() => room.member(bob, 'join'))).toBe('5.3.4')
      const elsewhere = { prev_events: [parseEventId(`$${'B'.repeat(43)}`)] }
      const join = { type: 'm.room.member', sender: alice, stateKey: alice, content: { membership: 'join' } }
      expect(outcomeOf(() => room.send({ ...join, fields: elsewhere }))).toBe('5.3.4')
      const [create] = room.events
      const two = { prev_events: [create!.eventId, ...elsewhere.prev_events] }
      expect(outcomeOf(() => room.send({ ...join, fields: two }))).toBe('5.3.4')
      expect(outcomeOf(() => room.send(join))).toBe('allowed')
    })

    test('5.3.2: nobody joins for somebody else', () => {
      const room = TestRoom.public(version)
      expect(outcomeOf(() => room.member(bob, 'join', { sender: alice }))).toBe('5.3.2')
    })

    const closed = '5.3.4'
    test.each<[string, Record<Membership, string>]>([
      [
        'public',
        { none: 'allowed', invite: 'allowed', join: 'allowed', leave: 'allowed', ban: '5.3.3', knock: 'allowed' },
      ],
      ['invite', { none: closed, invite: 'allowed', join: 'allowed', leave: closed, ban: '5.3.3', knock: closed }],
      ['knock', { none: closed, invite: 'allowed', join: 'allowed', leave: closed, ban: '5.3.3', knock: closed }],
      [
        'restricted',
        { none: '5.3.5.2', invite: 'allowed', join: 'allowed', leave: '5.3.5.2', ban: '5.3.3', knock: '5.3.5.2' },
      ],
      [
        'knock_restricted',
        { none: '5.3.5.2', invite: 'allowed', join: 'allowed', leave: '5.3.5.2', ban: '5.3.3', knock: '5.3.5.2' },
      ],
      ['private', { none: '5.3.7', invite: '5.3.7', join: '5.3.7', leave: '5.3.7', ban: '5.3.3', knock: '5.3.7' }],
    ])('join rule %s', (rule, expected) => {
      for (const [membership, outcome] of Object.entries(expected) as [Membership, string][]) {
        const room = TestRoom.public(version)
        room.joinRule(rule)
        put(room, dave, membership)
        const isKnown = isSince(versionId, JOIN_RULE_SINCE[rule] ?? 1) || membership === 'ban'
        const expected = isKnown ? outcome : '5.3.7'
        expect([membership, outcomeOf(() => room.member(dave, 'join'))]).toEqual([membership, expected])
      }
    })

    test('without join rules a room is open to the invited only', () => {
      const room = TestRoom.bare(version)
      expect(outcomeOf(() => room.member(bob, 'join'))).toBe('5.3.4')
      room.member(bob, 'invite', { sender: alice })
      expect(outcomeOf(() => room.member(bob, 'join'))).toBe('allowed')
    })

    test.each(['restricted', 'knock_restricted'])(
      '5.3.5: a %s join is vouched for by a member who may invite',
      (rule) => {
        // given bob in the room with less power than inviting takes, carol not in it
        const room = TestRoom.public(version)
        room.member(bob, 'join')
        room.joinRule(rule)
        room.powerLevels({ invite: 10, users: { [carol]: 50, [bob]: 9 } })
        const join = (authoriser: string | number) =>
          outcomeOf(() => room.member(dave, 'join', { join_authorised_via_users_server: authoriser }))
        // then
        if (!isSince(versionId, JOIN_RULE_SINCE[rule]!)) {
          expect(join(alice)).toBe('5.3.7')
          return
        }
        expect(join(bob)).toBe('5.3.5.2')
        expect(join(carol)).toBe('5.3.5.2')
        expect(join(dave)).toBe('5.3.5.2')
        expect(join(5)).toBe('5.3.5.2')
        expect(join(alice)).toBe('allowed')
      },
    )
  })

  describe('rule 5.4: invite', () => {
    test.each<[Membership, string]>([
      ['none', 'allowed'],
      ['invite', 'allowed'],
      ['leave', 'allowed'],
      ['knock', 'allowed'],
      ['join', '5.4.3'],
      ['ban', '5.4.3'],
    ])('of a user with membership %s: %s', (membership, outcome) => {
      const room = TestRoom.public(version)
      put(room, dave, membership)
      expect(outcomeOf(() => room.member(dave, 'invite', { sender: alice }))).toBe(outcome)
    })

    test('5.4.2: by members only', () => {
      const room = TestRoom.public(version)
      expect(outcomeOf(() => room.member(dave, 'invite', { sender: bob }))).toBe('5.4.2')
    })

    test('5.4.5: takes the invite level', () => {
      const room = TestRoom.public(version)
      room.member(bob, 'join')
      room.powerLevels({ invite: 30, users: { [bob]: 29 } })
      expect(outcomeOf(() => room.member(dave, 'invite', { sender: bob }))).toBe('5.4.5')
      room.powerLevels({ invite: 30, users: { [bob]: 30 } })
      expect(outcomeOf(() => room.member(dave, 'invite', { sender: bob }))).toBe('allowed')
    })
  })

  describe('rule 5.5: leave', () => {
    test.each<[Membership, string]>([
      ['invite', 'allowed'],
      ['join', 'allowed'],
      ['knock', 'allowed'],
      ['none', '5.5.1'],
      ['leave', '5.5.1'],
      ['ban', '5.5.1'],
    ])('5.5.1: by oneself with membership %s: %s', (membership, outcome) => {
      const room = TestRoom.public(version)
      put(room, dave, membership)
      const isKnown = membership !== 'knock' || isSince(versionId, 7)
      expect(outcomeOf(() => room.member(dave, 'leave'))).toBe(isKnown ? outcome : '5.5.1')
    })

    test('5.5.2: nobody outside the room removes anybody', () => {
      const room = TestRoom.public(version)
      expect(outcomeOf(() => room.member(alice, 'leave', { sender: bob }))).toBe('5.5.2')
    })

    test.each<[string, JsonObject, Membership, string]>([
      ['below the kick level', { users: { [bob]: 49 } }, 'join', '5.5.5'],
      ['at the kick level', { users: { [bob]: 50 } }, 'join', 'allowed'],
      ['of an equal', { users: { [bob]: 50, [dave]: 50 } }, 'join', '5.5.5'],
      ['of someone just below', { users: { [bob]: 50, [dave]: 49 } }, 'join', 'allowed'],
      ['of an invited user', { users: { [bob]: 50 } }, 'invite', 'allowed'],
      ['of a banned user below the ban level', { ban: 51, users: { [bob]: 50 } }, 'ban', '5.5.3'],
      ['of a banned user at the ban level', { ban: 50, users: { [bob]: 50 } }, 'ban', 'allowed'],
      ['of a banned user below the kick level', { kick: 51, users: { [bob]: 50 } }, 'ban', '5.5.5'],
    ])('kick %s', (_, levels, membership, outcome) => {
      const room = TestRoom.public(version)
      room.member(bob, 'join')
      put(room, dave, membership)
      room.powerLevels(levels)
      expect(outcomeOf(() => room.member(dave, 'leave', { sender: bob }))).toBe(outcome)
    })
  })

  describe('rule 5.6: ban', () => {
    test('5.6.1: by members only', () => {
      const room = TestRoom.public(version)
      expect(outcomeOf(() => room.member(dave, 'ban', { sender: bob }))).toBe('5.6.1')
    })

    test.each<[string, JsonObject, string]>([
      ['below the ban level', { users: { [bob]: 49 } }, '5.6.3'],
      ['at the ban level', { users: { [bob]: 50 } }, 'allowed'],
      ['of an equal', { users: { [bob]: 50, [dave]: 50 } }, '5.6.3'],
      ['of someone just below', { users: { [bob]: 50, [dave]: 49 } }, 'allowed'],
    ])('ban %s', (_, levels, outcome) => {
      for (const membership of ['none', 'join', 'invite', 'leave', 'ban', 'knock'] as const) {
        const room = TestRoom.public(version)
        room.member(bob, 'join')
        put(room, dave, membership)
        room.powerLevels(levels)
        expect(outcomeOf(() => room.member(dave, 'ban', { sender: bob }))).toBe(outcome)
      }
    })

    test('nobody bans a creator of the room', () => {
      const room = TestRoom.public(version)
      room.member(bob, 'join')
      room.powerLevels({ users: { [bob]: 100 } })
      expect(outcomeOf(() => room.member(alice, 'ban', { sender: bob }))).toBe('5.6.3')
    })
  })

  if (!isSince(versionId, 7))
    test('5.8: knocks are unknown', () => {
      const room = TestRoom.public(version)
      room.joinRule('knock')
      expect(outcomeOf(() => room.member(dave, 'knock'))).toBe('5.8')
    })

  if (isSince(versionId, 7))
    describe('rule 5.7: knock', () => {
      test.each([
        ['knock', 'allowed'],
        ['knock_restricted', 'allowed'],
        ['public', '5.7.1'],
        ['invite', '5.7.1'],
        ['restricted', '5.7.1'],
        ['private', '5.7.1'],
      ])('with join rule %s: %s', (rule, outcome) => {
        const room = TestRoom.public(version)
        room.joinRule(rule)
        const isKnown = isSince(versionId, JOIN_RULE_SINCE[rule] ?? 1)
        expect(outcomeOf(() => room.member(dave, 'knock'))).toBe(isKnown ? outcome : '5.7.1')
      })

      test('5.7.2: nobody knocks for somebody else', () => {
        const room = TestRoom.public(version)
        room.joinRule('knock')
        expect(outcomeOf(() => room.member(dave, 'knock', { sender: alice }))).toBe('5.7.2')
      })

      test.each<[Membership, string]>([
        ['none', 'allowed'],
        ['leave', 'allowed'],
        ['knock', 'allowed'],
        ['ban', '5.7.4'],
        ['invite', '5.7.4'],
        ['join', '5.7.4'],
      ])('by a user with membership %s: %s', (membership, outcome) => {
        const room = TestRoom.public(version)
        room.joinRule('knock')
        put(room, dave, membership)
        expect(outcomeOf(() => room.member(dave, 'knock'))).toBe(outcome)
      })
    })
})

describe('version 12: creators', () => {
  const version = roomVersion('12')

  test('remove each other no more than equals do, and everybody else', () => {
    const room = TestRoom.public(version, { additional_creators: [carol] })
    room.member(carol, 'join')
    room.member(bob, 'join')
    room.powerLevels({ users: { [bob]: Number.MAX_SAFE_INTEGER } })
    expect(outcomeOf(() => room.member(alice, 'ban', { sender: carol }))).toBe('5.6.3')
    expect(outcomeOf(() => room.member(carol, 'leave', { sender: alice }))).toBe('5.5.5')
    expect(outcomeOf(() => room.member(carol, 'leave', { sender: bob }))).toBe('5.5.5')
    expect(outcomeOf(() => room.member(bob, 'ban', { sender: carol }))).toBe('allowed')
  })
})

describe('up to version 10', () => {
  test('where the create event’s content names the creator, that user joins first', () => {
    const room = new TestRoom(roomVersion('10'))
    room.send({ type: 'm.room.create', sender: alice, stateKey: '', content: { creator: bob } })
    expect(outcomeOf(() => room.member(alice, 'join'))).toBe('5.3.4')
    expect(outcomeOf(() => room.member(bob, 'join'))).toBe('allowed')
  })
})
