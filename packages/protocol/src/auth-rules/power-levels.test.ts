import { describe, expect, test } from 'vitest'
import { ALL_VERSIONS, alice, bob, carol, isSince, outcomeOf, roomVersion, TestRoom } from '../../test/room-builder.ts'
import { JsonNumber, type JsonObject } from '../json/json-value.ts'

const V11 = roomVersion('11')
const V12 = roomVersion('12')

describe.each(ALL_VERSIONS)('version %s', (versionId) => {
  const version = roomVersion(versionId)

  /** What becomes of bob, at 50, replacing `current` by `next`. */
  function change(current: JsonObject, next: JsonObject): string {
    const room = TestRoom.bare(version)
    room.joinRule('public')
    room.member(bob, 'join')
    const withUsers = (levels: JsonObject) => ({
      state_default: 0,
      ...levels,
      users: { [bob]: 50, ...(levels.users as JsonObject) },
    })
    room.powerLevels(withUsers(current))
    return outcomeOf(() => room.powerLevels(withUsers(next), bob))
  }

  test.each(['users_default', 'events_default', 'state_default', 'ban', 'redact', 'kick', 'invite'])(
    '10.1: %s must be an integer',
    (key) => {
      const room = TestRoom.public(version)
      for (const value of ['50', null, true, [50], { level: 50 }]) {
        // Before version 10 a string may be a level, and anything else is none.
        expect(outcomeOf(() => room.powerLevels({ [key]: value }))).toBe(isSince(versionId, 10) ? '10.1' : 'allowed')
        room.powerLevels({})
      }
      expect(outcomeOf(() => room.powerLevels({ [key]: -5 }))).toBe('allowed')
    },
  )

  test.each(['events', 'notifications'])('10.2: %s must be an object of integers', (key) => {
    const room = TestRoom.public(version)
    for (const value of ['50', null, 50, [50], { 'm.x': '50' }, { 'm.x': null }]) {
      expect(outcomeOf(() => room.powerLevels({ [key]: value }))).toBe(isSince(versionId, 10) ? '10.2' : 'allowed')
    }
    expect(outcomeOf(() => room.powerLevels({ [key]: { 'm.x': 5 } }))).toBe('allowed')
    expect(outcomeOf(() => room.powerLevels({ [key]: {} }))).toBe('allowed')
  })

  test('10.3: users must map user IDs to integers', () => {
    const room = TestRoom.public(version)
    const send = (content: JsonObject) =>
      outcomeOf(() => room.send({ type: 'm.room.power_levels', sender: alice, stateKey: '', content }))
    for (const users of ['x', null, 5, [], { bob: 5 }, { '@bob': 5 }, { [bob]: '1e2' }, { [bob]: null }]) {
      expect(send({ users })).toBe('10.3')
    }
    expect(send({ users: { [alice]: ' +0100 ' } })).toBe(isSince(versionId, 10) ? '10.3' : 'allowed')
    expect(send({ users: { '@Old User:c.example:8448': 5 } })).toBe('allowed')
  })

  if (!isSince(versionId, 6))
    test('numbers that no double comes near are no levels', () => {
      const room = TestRoom.public(version)
      const huge = new JsonNumber('1e400')
      expect(outcomeOf(() => room.powerLevels({ ban: huge }))).toBe('10.1')
      expect(outcomeOf(() => room.powerLevels({ events: { 'm.x': huge } }))).toBe('10.2')
      expect(outcomeOf(() => room.powerLevels({ notifications: { room: huge } }))).toBe('10.2')
      expect(outcomeOf(() => room.powerLevels({ users: { [bob]: huge } }))).toBe('10.3')
      // while smaller fractions are levels without what follows the point
      room.member(bob, 'join')
      room.powerLevels({ users: { [bob]: new JsonNumber('49.9') }, ban: new JsonNumber('5.0e1'), kick: 49 })
      expect(outcomeOf(() => room.member(carol, 'ban', { sender: bob }))).toBe('5.6.3')
      room.member(carol, 'join')
      expect(outcomeOf(() => room.member(carol, 'leave', { sender: bob }))).toBe('allowed')
    })

  test('10.3: users may be left out', () => {
    const room = TestRoom.public(version)
    const content = { ban: 60 }
    expect(outcomeOf(() => room.send({ type: 'm.room.power_levels', sender: alice, stateKey: '', content }))).toBe(
      'allowed',
    )
  })

  test('10.5: the first power levels may be anything', () => {
    const room = TestRoom.bare(version)
    room.joinRule('public')
    room.member(bob, 'join')
    expect(outcomeOf(() => room.powerLevels({ ban: 1000, users: { [bob]: 1000 }, events: { 'm.x': 1000 } }))).toBe(
      'allowed',
    )
  })

  test.each(['users_default', 'events_default', 'ban', 'redact', 'kick', 'invite'])('10.6: %s', (key) => {
    expect(change({}, { [key]: 50 })).toBe('allowed')
    expect(change({}, { [key]: 51 })).toBe('10.6.2')
    expect(change({ [key]: 50 }, { [key]: 51 })).toBe('10.6.2')
    expect(change({ [key]: 50 }, {})).toBe('allowed')
    // Levels out of bob's reach may stand, but neither change nor go.
    expect(change({ [key]: 51 }, { [key]: 51 })).toBe('allowed')
    expect(change({ [key]: 51 }, { [key]: 52 })).toBe('10.6.1')
    expect(change({ [key]: 51 }, { [key]: 0 })).toBe('10.6.1')
    expect(change({ [key]: 51 }, {})).toBe('10.6.1')
  })

  test('10.6: state_default', () => {
    expect(change({ state_default: 50 }, { state_default: 0 })).toBe('allowed')
    expect(change({ state_default: 50 }, { state_default: 51 })).toBe('10.6.2')
  })

  test.each(['events', 'notifications'])('10.7 and 10.8: %s', (key) => {
    if (key === 'notifications' && !isSince(versionId, 6)) {
      expect(change({ [key]: { 'm.x': 51 } }, { [key]: { 'm.x': 52 } })).toBe('allowed')
      return
    }
    expect(change({}, { [key]: { 'm.x': 50 } })).toBe('allowed')
    expect(change({}, { [key]: { 'm.x': 51 } })).toBe('10.8.1')
    expect(change({ [key]: { 'm.x': 50 } }, { [key]: { 'm.x': 51 } })).toBe('10.8.1')
    expect(change({ [key]: { 'm.x': 50 } }, {})).toBe('allowed')
    expect(change({ [key]: { 'm.x': 51 } }, { [key]: { 'm.x': 51 } })).toBe('allowed')
    expect(change({ [key]: { 'm.x': 51 } }, { [key]: { 'm.x': 50 } })).toBe('10.7.1')
    expect(change({ [key]: { 'm.x': 51 } }, {})).toBe('10.7.1')
  })

  test('10.7: names that every object inherits are ordinary event types', () => {
    expect(change({}, { events: { constructor: 50, toString: 50 } })).toBe('allowed')
    expect(change({ events: { constructor: 51 } }, {})).toBe('10.7.1')
    expect(change({}, { events: { constructor: 51 } })).toBe('10.8.1')
  })

  test('10.9 and 10.10: users', () => {
    expect(change({}, { users: { [carol]: 50 } })).toBe('allowed')
    expect(change({}, { users: { [carol]: 51 } })).toBe('10.10.1')
    expect(change({ users: { [carol]: 49 } }, { users: { [carol]: 50 } })).toBe('allowed')
    expect(change({ users: { [carol]: 49 } }, {})).toBe('allowed')
    expect(change({ users: { [carol]: 50 } }, { users: { [carol]: 50 } })).toBe('allowed')
    expect(change({ users: { [carol]: 50 } }, { users: { [carol]: 49 } })).toBe('10.9.1')
    expect(change({ users: { [carol]: 50 } }, {})).toBe('10.9.1')
  })

  test('10.9 and 10.10: one’s own entry may sink but not rise', () => {
    expect(change({}, { users: { [bob]: 49 } })).toBe('allowed')
    expect(change({}, { users: { [bob]: 51 } })).toBe('10.10.1')
  })

  test('levels are compared with what the sender has by users_default', () => {
    const room = TestRoom.public(version)
    room.member(carol, 'join')
    room.powerLevels({ state_default: 0, users_default: 10 })
    expect(outcomeOf(() => room.powerLevels({ state_default: 0, users_default: 10, invite: 11 }, carol))).toBe('10.6.2')
    expect(outcomeOf(() => room.powerLevels({ state_default: 0, users_default: 10, invite: 10 }, carol))).toBe(
      'allowed',
    )
  })
})

describe('traits', () => {
  const send = (room: TestRoom, users: JsonObject) =>
    outcomeOf(() => room.send({ type: 'm.room.power_levels', sender: alice, stateKey: '', content: { users } }))

  test('version 12, 10.4: creators are not named', () => {
    const room = TestRoom.bare(V12, { additional_creators: [carol] })
    expect(send(room, { [alice]: 100 })).toBe('10.4')
    expect(send(room, { [carol]: 100 })).toBe('10.4')
    expect(send(room, { [bob]: 100 })).toBe('allowed')
    expect(send(room, { [bob]: 100, [carol]: 1 })).toBe('10.4')
  })

  test('version 11: the creator is named like anybody', () => {
    const room = TestRoom.bare(V11, { additional_creators: [carol] })
    expect(send(room, { [alice]: 100, [carol]: 100 })).toBe('allowed')
  })

  test('version 12: a creator takes power from whom nobody else could', () => {
    const room = TestRoom.public(V12)
    room.powerLevels({ users: { [bob]: Number.MAX_SAFE_INTEGER }, ban: Number.MAX_SAFE_INTEGER })
    expect(outcomeOf(() => room.powerLevels({}))).toBe('allowed')
  })

  test('before version 10, strings are levels', () => {
    const room = TestRoom.bare(roomVersion('9'))
    expect(send(room, { [alice]: ' +0100 ' })).toBe('allowed')
    expect(send(room, { [alice]: '1e2' })).toBe('10.3')
    // and what looks different but is equal is no change
    expect(send(room, { [alice]: 100, [bob]: '100' })).toBe('allowed')
    expect(outcomeOf(() => room.powerLevels({ ban: 'many', users: { [bob]: 100 } }))).toBe('allowed')
  })
})
