import { describe, expect, test } from 'vitest'
import { alice, bob, carol, roomVersion, TestRoom } from '../test/room-builder.ts'
import { JsonNumber, type JsonObject } from './json/json-value.ts'
import { PowerLevels } from './power-levels.ts'
import { parsePowerLevel } from './power-level-value.ts'

const V11 = roomVersion('11')
const V12 = roomVersion('12')

function levelsOf(content: JsonObject | undefined, version = V11, createContent: JsonObject = {}): PowerLevels {
  const create = { creator: alice, ...createContent }
  const { pdu } = new TestRoom(version).build({ type: 'm.room.create', sender: alice, stateKey: '', content: create })
  return PowerLevels.from(content, pdu, version)
}

describe('PowerLevels', () => {
  test('without an event: the defaults, and 100 for the creator', () => {
    const levels = levelsOf(undefined)
    expect([levels.ofUser(alice), levels.ofUser(bob)]).toEqual([100, 0])
    expect([levels.forEvent('m.x', false), levels.forEvent('m.x', true)]).toEqual([0, 50])
    const actions = ['ban', 'invite', 'kick', 'redact', 'notifications.room'] as const
    expect(actions.map((action) => levels.forAction(action))).toEqual([50, 0, 50, 50, 50])
  })

  test('an empty event: the defaults, and nothing for the creator', () => {
    const levels = levelsOf({})
    expect([levels.ofUser(alice), levels.ofUser(bob)]).toEqual([0, 0])
    expect([levels.forEvent('m.x', false), levels.forEvent('m.x', true)]).toEqual([0, 50])
    const actions = ['ban', 'invite', 'kick', 'redact', 'notifications.room'] as const
    expect(actions.map((action) => levels.forAction(action))).toEqual([50, 0, 50, 50, 50])
  })

  test('what the event says', () => {
    const levels = levelsOf({
      users: { [bob]: 7 },
      users_default: 3,
      events: { 'm.x': 11 },
      events_default: 12,
      state_default: 13,
      ban: 21,
      invite: 22,
      kick: 23,
      redact: 24,
      notifications: { room: 25, 'org.example': 26 },
    })
    expect([levels.ofUser(bob), levels.ofUser(alice)]).toEqual([7, 3])
    expect(levels.forEvent('m.x', true)).toBe(11)
    expect([levels.forEvent('m.y', false), levels.forEvent('m.y', true)]).toEqual([12, 13])
    const actions = ['ban', 'invite', 'kick', 'redact', 'notifications.room'] as const
    expect(actions.map((action) => levels.forAction(action))).toEqual([21, 22, 23, 24, 25])
    expect([levels.forNotification('org.example'), levels.forNotification('other')]).toEqual([26, 50])
  })

  test('what is no level counts as absent', () => {
    const levels = levelsOf({ users: [50], users_default: '9', events: { 'm.x': null }, ban: true, notifications: 5 })
    expect(levels.ofUser(bob)).toBe(0)
    expect(levels.forEvent('m.x', true)).toBe(50)
    expect(levels.forAction('ban')).toBe(50)
    expect(levels.forAction('notifications.room')).toBe(50)
  })

  test('names that every object inherits have no level of their own', () => {
    const levels = levelsOf({ users: {}, events: {} })
    expect(levels.forEvent('constructor', true)).toBe(50)
    expect(levels.forEvent('__proto__', false)).toBe(0)
    expect(levels.ofUser('toString')).toBe(0)
  })

  test('version 12: creators are beyond every number, whatever the event says', () => {
    for (const content of [undefined, {}, { users: { [alice]: 1 }, users_default: 5 }]) {
      const levels = levelsOf(content, V12, { additional_creators: [carol] })
      expect([levels.ofUser(alice), levels.ofUser(carol)]).toEqual([Infinity, Infinity])
      expect(levels.ofUser(bob)).toBe(content?.users_default ?? 0)
    }
  })

  test('where the create event’s content names the creator, its sender is nobody', () => {
    const levels = levelsOf(undefined, { ...V11, creatorNamedBy: 'content' })
    expect(levels.ofUser(alice)).toBe(100)
    const other = levelsOf(undefined, { ...V11, creatorNamedBy: 'content' }, { creator: bob })
    expect([other.ofUser(alice), other.ofUser(bob)]).toEqual([0, 100])
  })
})

describe('parsePowerLevel', () => {
  const integers = V11
  const strings = { ...V11, powerLevelValues: 'integers-or-strings' as const }
  const numbers = { ...V11, powerLevelValues: 'numbers-or-strings' as const }

  test.each([
    [0, 0, 0, 0],
    [-50, -50, -50, -50],
    ['100', undefined, 100, 100],
    ['000100', undefined, 100, 100],
    [' +100 ', undefined, 100, 100],
    ['-100', undefined, -100, -100],
    ['-0', undefined, 0, 0],
    ['', undefined, undefined, undefined],
    ['+', undefined, undefined, undefined],
    ['+-1', undefined, undefined, undefined],
    ['1 0', undefined, undefined, undefined],
    ['1.5', undefined, undefined, undefined],
    ['1e3', undefined, undefined, undefined],
    ['0x10', undefined, undefined, undefined],
    ['Infinity', undefined, undefined, undefined],
    ['9'.repeat(400), undefined, undefined, undefined],
    [50.57, undefined, undefined, 50],
    [-50.57, undefined, undefined, -50],
    [new JsonNumber('5.114698E4'), undefined, undefined, 51146],
    [new JsonNumber('-0.5'), undefined, undefined, 0],
    [new JsonNumber('-0'), 0, 0, 0],
    [new JsonNumber('1e400'), undefined, undefined, undefined],
    [true, undefined, undefined, undefined],
    [null, undefined, undefined, undefined],
    [{}, undefined, undefined, undefined],
    [[1], undefined, undefined, undefined],
    [undefined, undefined, undefined, undefined],
  ])('%j is %s as integer, %s with strings, %s with fractions', (value, asInteger, withStrings, withFractions) => {
    expect(parsePowerLevel(value, integers)).toBe(asInteger)
    expect(parsePowerLevel(value, strings)).toBe(withStrings)
    expect(parsePowerLevel(value, numbers)).toBe(withFractions)
  })
})
