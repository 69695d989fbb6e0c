import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ALL_VERSIONS, alice, isSince, roomVersion, TestRoom } from '../../test/room-builder.ts'
import { MatrixError } from '../errors.ts'
import { JsonNumber, type JsonObject, type JsonValue } from '../json/json-value.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { MAX_AUTH_EVENTS, MAX_PREV_EVENTS, parsePdu, parsePduDraft } from './event-format.ts'
import { authEventIds, depthOf, prevEventIds } from './event-references.ts'

const V11 = roomVersion('11')
const V12 = roomVersion('12')
const message = TestRoom.public(V12).build({ type: 'm.room.message', sender: alice, content: { body: 'x' } }).pdu
const eventId = (i: number) => `$${'A'.repeat(40)}${String(i).padStart(3, '0')}`
const eventIds = (count: number) => Array.from({ length: count }, (_, i) => eventId(i))

function outcome(value: JsonValue, version: RoomVersion): string {
  try {
    parsePdu(value, version)
    return 'accepted'
  } catch (error) {
    if (error instanceof MatrixError) return error.errcode
    throw error
  }
}

function withField(field: string, value: JsonValue | undefined): JsonObject {
  const { [field]: _, ...rest } = message
  return value === undefined ? rest : { ...rest, [field]: value }
}

describe('parsePdu', () => {
  test('returns the event itself, unknown fields and all', () => {
    const event = withField('org.example.extra', { kept: [1] })
    expect(parsePdu(event, V12)).toBe(event)
  })

  test.each([null, 'x', 5, [], new JsonNumber('1.5')])('refuses %j', (value) => {
    expect(outcome(value, V12)).toBe('M_BAD_JSON')
  })

  test.each<[string, JsonValue[], (JsonValue | undefined)[]]>([
    ['type', ['', 'x', 'é'.repeat(127), 'x'.repeat(255)], [undefined, null, 5, 'x'.repeat(256), 'é'.repeat(128)]],
    ['state_key', ['', 'x'.repeat(255)], [null, 5, {}, 'x'.repeat(256), '😀'.repeat(64)]],
    [
      'sender',
      ['@:a.example', '@Old User:a.example:8448', `@${'x'.repeat(244)}:a.example`],
      [undefined, null, 5, '', 'alice', '@alice', `@${'x'.repeat(245)}:a.example`],
    ],
    [
      'room_id',
      ['!r:a.example', `!${'A'.repeat(43)}`, `!${'x'.repeat(244)}:a.example`],
      [undefined, null, 5, '', 'r:a.example', '!r', `!${'x'.repeat(245)}:a.example`],
    ],
    ['content', [{}, { a: { b: [1] } }], [undefined, null, 'x', [], 5]],
    [
      'prev_events',
      [[], eventIds(MAX_PREV_EVENTS)],
      [undefined, null, 'x', {}, [5], ['x'], [null], [[eventId(0), { sha256: 'x' }]], eventIds(MAX_PREV_EVENTS + 1)],
    ],
    [
      'auth_events',
      [[], eventIds(MAX_AUTH_EVENTS)],
      [undefined, null, 'x', {}, [5], ['x'], [null], eventIds(MAX_AUTH_EVENTS + 1)],
    ],
    [
      'depth',
      [0, 1, Number.MAX_SAFE_INTEGER],
      [undefined, null, '1', -1, 1.5, 2 ** 53, new JsonNumber('9007199254740992'), new JsonNumber('1e3')],
    ],
    ['origin_server_ts', [0, -1, Number.MAX_SAFE_INTEGER], [undefined, null, '1', 1.5, new JsonNumber('1.5')]],
    ['hashes', [{ sha256: '' }, { sha256: 'x', md5: 5 }], [undefined, null, 'x', [], {}, { sha256: 5 }]],
    [
      'signatures',
      [{}, { x: {} }, { x: { y: 'z' } }],
      [undefined, null, 'x', [], { x: 'y' }, { x: { y: 5 } }, { x: [] }],
    ],
    ['unsigned', [{}, { half: new JsonNumber('0.5') }], [null, 'x', [], 5]],
  ])('%s', (field, accepted, refused) => {
    for (const value of accepted) expect([value, outcome(withField(field, value), V12)]).toEqual([value, 'accepted'])
    for (const value of refused) expect([value, outcome(withField(field, value), V12)]).toEqual([value, 'M_BAD_JSON'])
  })

  test('a room_id may be missing only from a create event whose ID it is', () => {
    const create = (version: RoomVersion) => {
      const { room_id: _, ...without } = TestRoom.bare(version).events[0]!.pdu
      return without
    }
    expect(outcome(create(V12), V12)).toBe('accepted')
    expect(outcome(create(V11), V11)).toBe('M_BAD_JSON')
    expect(outcome(withField('room_id', undefined), V12)).toBe('M_BAD_JSON')
    expect(outcome({ ...create(V12), room_id: 5 }, V12)).toBe('M_BAD_JSON')
  })

  test.each<[JsonValue, string]>([
    [new JsonNumber('-0'), 'accepted'],
    [new JsonNumber('1.0'), 'M_BAD_JSON'],
    [new JsonNumber('9007199254740992'), 'M_BAD_JSON'],
    [0.5, 'M_BAD_JSON'],
    [Number.MAX_SAFE_INTEGER, 'accepted'],
    [Number.MIN_SAFE_INTEGER, 'accepted'],
  ])('a number %j anywhere in the event is %s', (number, expected) => {
    expect(outcome(withField('content', { number }), V12)).toBe(expected)
    expect(outcome(withField('content', { deep: [[{ number }, 'x']] }), V12)).toBe(expected)
    expect(outcome(withField('org.example', number), V12)).toBe(expected)
    expect(outcome(withField('content', { number }), roomVersion('5'))).toBe('accepted')
  })

  test('depth of nesting is no trouble', () => {
    let content: JsonObject = { half: new JsonNumber('0.5') }
    for (let i = 0; i < 100_000; i++) content = { content }
    expect(outcome(withField('content', content), V12)).toBe('M_BAD_JSON')
  })

  test('arbitrary JSON in any field never makes it throw anything but a MatrixError', () => {
    const json = fc.jsonValue() as fc.Arbitrary<JsonValue>
    const field = fc.constantFrom(...Object.keys(message), 'state_key', 'unsigned', 'redacts', 'event_id', '__proto__')
    for (const version of ALL_VERSIONS.map(roomVersion)) {
      fc.assert(fc.property(json, (value) => ['accepted', 'M_BAD_JSON'].includes(outcome(value, version))))
      fc.assert(
        fc.property(field, json, (name, value) =>
          ['accepted', 'M_BAD_JSON'].includes(outcome(withField(name, value), version)),
        ),
      )
    }
  })
})

describe.each(['1', '2'])('the format of room version %s', (versionId) => {
  const version = roomVersion(versionId)
  const pair = (i: number): JsonValue => [`$${i}:a.example`, { sha256: 'x' }]
  const event = (fields: JsonObject = {}): JsonObject => ({
    ...message,
    event_id: '$own:a.example',
    prev_events: [pair(1), pair(2)],
    auth_events: [pair(3)],
    ...fields,
  })

  test('references are pairs of ID and hashes', () => {
    const pdu = parsePdu(event(), version)
    expect(prevEventIds(pdu)).toEqual(['$1:a.example', '$2:a.example'])
    expect(authEventIds(pdu)).toEqual(['$3:a.example'])
    for (const wrong of [
      '$1:a.example',
      ['$1:a.example'],
      ['$1:a.example', {}, 5],
      ['$1:a.example', null],
      ['x', {}],
      ['$1:a.example', { sha256: 5 }],
    ]) {
      expect(outcome(event({ prev_events: [wrong] }), version)).toBe('M_BAD_JSON')
    }
  })

  test('the event carries its ID', () => {
    expect(outcome(event(), version)).toBe('accepted')
    for (const wrong of [null, 5, '', 'own:a.example', `$${'x'.repeat(245)}:a.example`]) {
      expect(outcome(event({ event_id: wrong }), version)).toBe('M_BAD_JSON')
    }
  })
})

describe.each(ALL_VERSIONS)('version %s', (versionId) => {
  const version = roomVersion(versionId)
  const { pdu } = TestRoom.public(version).build({ type: 'm.room.message', sender: alice })

  test('accepts its own events, and those of its format alone', () => {
    const formatOf = (id: string) => (isSince(id, 6) ? 'strict' : isSince(id, 3) ? 'hashes' : 'assigned')
    const half = { ...pdu, content: { half: new JsonNumber('0.5') } }
    for (const id of ALL_VERSIONS) {
      const isReadable = (formatOf(versionId) === 'assigned') === (formatOf(id) === 'assigned')
      expect([id, outcome(pdu, roomVersion(id))]).toEqual([id, isReadable ? 'accepted' : 'M_BAD_JSON'])
      const isLossless = formatOf(id) !== 'strict'
      expect(outcome(half, roomVersion(id))).toBe(isReadable && isLossless ? 'accepted' : 'M_BAD_JSON')
    }
  })

  test('depth goes up to 2^63 − 1, or 2^53 − 1 since version 6', () => {
    const depth = (literal: string) => outcome({ ...pdu, depth: new JsonNumber(literal) }, version)
    expect(outcome({ ...pdu, depth: Number.MAX_SAFE_INTEGER }, version)).toBe('accepted')
    expect(depth('9007199254740992')).toBe(isSince(versionId, 6) ? 'M_BAD_JSON' : 'accepted')
    expect(depth('9223372036854775807')).toBe(isSince(versionId, 6) ? 'M_BAD_JSON' : 'accepted')
    for (const literal of ['9223372036854775808', '-1', '1.5', '1e3']) expect(depth(literal)).toBe('M_BAD_JSON')
  })
})

test('a depth beyond the doubles’ integers is read as the nearest double', () => {
  const { pdu } = TestRoom.public(roomVersion('5')).build({ type: 'm.x', sender: alice })
  expect(depthOf({ ...pdu, depth: new JsonNumber('9223372036854775807') })).toBe(2 ** 63)
})

test('plain references are handed on without a copy', () => {
  expect(prevEventIds(message)).toBe(message.prev_events)
  expect(depthOf(message)).toBe(message.depth)
})

describe('parsePduDraft', () => {
  test('asks for everything but hashes and signatures', () => {
    const { hashes, signatures, ...draft } = message
    expect(parsePduDraft(draft, V12)).toBe(draft)
    expect(() => parsePduDraft({ ...draft, depth: -1 }, V12)).toThrow(MatrixError)
    expect(() => parsePduDraft('x', V12)).toThrow(MatrixError)
  })
})
