import { describe, expect, test } from 'vitest'
import { ALL_VERSIONS, alice, bob, isSince, roomVersion, TestRoom } from '../../test/room-builder.ts'
import { parseRoomId } from '../identifiers.ts'
import { type ClaimedAuthEvent, checkAuthEvents } from './check-auth-events.ts'

function claim(room: TestRoom, type: string, stateKey = ''): ClaimedAuthEvent {
  return { ...room.stateEvent(type, stateKey)!, rejected: false }
}

function roomWithBob(version: string): TestRoom {
  const room = TestRoom.public(roomVersion(version))
  room.member(bob, 'join')
  return room
}

/** The verdict on bob's message with these auth events beside those it ought to have. */
function check(version: string, change: (right: ClaimedAuthEvent[], room: TestRoom) => ClaimedAuthEvent[]): string {
  const room = roomWithBob(version)
  const right = [claim(room, 'm.room.power_levels'), claim(room, 'm.room.member', bob)]
  if (!isSince(version, 12)) right.push(claim(room, 'm.room.create'))
  const message = room.build({ type: 'm.room.message', sender: bob })
  const verdict = checkAuthEvents(message, change(right, room), room.version)
  return verdict.allowed ? 'allowed' : verdict.rule
}

describe.each(ALL_VERSIONS)('version %s', (version) => {
  test('the selected events are allowed, in any order', () => {
    expect(check(version, (right) => right)).toBe('allowed')
    expect(check(version, (right) => right.toReversed())).toBe('allowed')
  })

  test('events that the room may not have can be missing', () => {
    expect(check(version, (right) => right.slice(1))).toBe('allowed')
  })

  test('3.1: duplicates', () => {
    expect(check(version, (right) => [...right, right[0]!])).toBe('3.1')
  })

  test('3.2: events that give no permission', () => {
    expect(check(version, (right, room) => [...right, claim(room, 'm.room.join_rules')])).toBe('3.2')
    expect(check(version, (right, room) => [...right, claim(room, 'm.room.member', alice)])).toBe('3.2')
  })

  test('3.3: rejected events', () => {
    expect(check(version, ([first, ...others]) => [{ ...first!, rejected: true }, ...others])).toBe('3.3')
  })

  test('3.4: events of another room', () => {
    const elsewhere = parseRoomId('!elsewhere:a.example')
    expect(check(version, ([first, ...others]) => [{ ...first!, roomId: elsewhere }, ...others])).toBe('3.4')
  })

  test('a create event is not asked for any', () => {
    const room = roomWithBob(version)
    expect(checkAuthEvents(room.events[0]!, [], room.version)).toEqual({ allowed: true })
  })
})

test.each(ALL_VERSIONS.slice(0, -1))('version %s: the create event is required', (version) => {
  expect(check(version, (right) => right.filter(({ pdu }) => pdu.type !== 'm.room.create'))).toBe('v11/2.4')
})

test('version 12: the create event is forbidden', () => {
  expect(check('12', (right, room) => [...right, claim(room, 'm.room.create')])).toBe('3.2')
})
