import { describe, expect, test } from 'vitest'
import { alice, bob, carol, dave, isSince, outcomeOf, roomVersion, TestRoom } from '../../test/room-builder.ts'
import { parseEventId, parseRoomId } from '../identifiers.ts'
import type { JsonObject } from '../json/json-value.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { ROOM_VERSIONS } from '../room-version/room-versions.ts'
import { ALLOWED } from './verdict.ts'

const V11 = roomVersion('11')
const V12 = roomVersion('12')
const VERSIONS: readonly (readonly [string, RoomVersion])[] = [...ROOM_VERSIONS]

const someEventId = parseEventId(`$${'A'.repeat(43)}`)

describe('rule 1: the create event', () => {
  const send = (version: RoomVersion, content: JsonObject, fields = {}) =>
    outcomeOf(() => new TestRoom(version).send({ type: 'm.room.create', sender: alice, stateKey: '', content, fields }))
  const create = (version: RoomVersion, content = {}, fields = {}) =>
    send(version, { creator: alice, ...content }, fields)

  test.each(VERSIONS)('version %s: allowed with and without a known room_version', (_, version) => {
    expect(create(version)).toBe('allowed')
    expect(create(version, { room_version: version.id })).toBe('allowed')
  })

  test.each(VERSIONS)('version %s: refused after other events', (_, version) => {
    expect(create(version, {}, { prev_events: [someEventId] })).toBe('1.1')
  })

  test.each(VERSIONS)('version %s: refused with an unknown or mistyped room_version', (_, version) => {
    expect(create(version, { room_version: 'org.example.unheard-of' })).toBe('1.3')
    expect(create(version, { room_version: 12 })).toBe('1.3')
  })

  test.each(VERSIONS.slice(0, -1))('version %s: refused in a room ID of another server than the creator’s', (_, v) => {
    expect(create(v, {}, { room_id: parseRoomId('!room:c.example') })).toBe('v11/1.2')
  })

  test('version 12: refused with a room_id', () => {
    // given a create event of the room it names, made as version 11 would have it
    const room = new TestRoom(V12)
    const event = room.build({ type: 'm.room.create', sender: alice, stateKey: '' })
    const withRoomId = { ...event, pdu: { ...event.pdu, room_id: event.roomId } }
    // then
    expect(room.check(event)).toEqual(ALLOWED)
    expect(room.check(withRoomId)).toMatchObject({ allowed: false, rule: '1.2' })
  })

  test.each([
    [undefined, 'allowed'],
    [[], 'allowed'],
    [[carol], 'allowed'],
    [['@:c.example'], 'allowed'],
    [carol, '1.4'],
    [{ 0: carol }, '1.4'],
    [[carol, 'carol'], '1.4'],
    [[carol, 5], '1.4'],
    [null, '1.4'],
  ])('version 12: additional_creators %j is %s', (additional, outcome) => {
    expect(create(V12, additional === undefined ? {} : { additional_creators: additional })).toBe(outcome)
  })

  test('version 11: additional_creators means nothing', () => {
    expect(create(V11, { additional_creators: 'carol' })).toBe('allowed')
  })

  test.each(VERSIONS)('version %s: refused without a creator up to version 10', (id, version) => {
    expect(send(version, {})).toBe(isSince(id, 11) ? 'allowed' : 'v10/1.4')
    expect(send(version, { creator: alice })).toBe('allowed')
    // Whom it names is not for this rule to say.
    expect(send(version, { creator: 5 })).toBe('allowed')
  })
})

describe('rule 2: the room', () => {
  test.each([
    ['11', V11, 'v11/2.4'],
    ['12', V12, '2'],
  ])('version %s: refused in a room without a create event', (_, version, rule) => {
    const room = TestRoom.public(version)
    const event = room.build({ type: 'm.room.message', sender: alice })
    const verdict = new TestRoom(version).check(event)
    expect(verdict).toMatchObject({ allowed: false, rule })
  })
})

describe('rule 4: federation', () => {
  test.each(VERSIONS)('version %s: m.federate false keeps other servers out', (_, version) => {
    const room = TestRoom.public(version, { 'm.federate': false })
    expect(outcomeOf(() => room.member(bob, 'join'))).toBe('allowed')
    expect(outcomeOf(() => room.member(carol, 'join'))).toBe('4')
  })

  test.each(VERSIONS)('version %s: any other value lets them in', (_, version) => {
    for (const federate of [true, null, 'false', 0]) {
      const room = TestRoom.public(version, { 'm.federate': federate })
      expect(outcomeOf(() => room.member(carol, 'join'))).toBe('allowed')
    }
  })
})

describe('rules 6, 8 and 9: sending', () => {
  test.each(VERSIONS)('version %s: members may send messages, others may not', (_, version) => {
    const room = TestRoom.public(version)
    room.member(bob, 'join')
    expect(outcomeOf(() => room.message(bob))).toBe('allowed')
    expect(outcomeOf(() => room.message(carol))).toBe('6')
    room.member(bob, 'leave')
    expect(outcomeOf(() => room.message(bob))).toBe('6')
  })

  test.each(VERSIONS)('version %s: an event takes the power level of its type', (_, version) => {
    // given
    const room = TestRoom.public(version)
    room.member(bob, 'join')
    room.powerLevels({ users: { [bob]: 20 }, events: { 'm.poll': 20, 'm.vote': 21 }, events_default: 10 })
    const send = (type: string, stateKey?: string) =>
      outcomeOf(() => room.send({ type, sender: bob, ...(stateKey === undefined ? {} : { stateKey }) }))
    // then
    expect(send('m.poll')).toBe('allowed')
    expect(send('m.vote')).toBe('8')
    expect(send('m.room.message')).toBe('allowed')
    expect(send('m.room.topic', '')).toBe('8')
    expect(send('m.poll', '')).toBe('allowed')
  })

  test.each(VERSIONS)('version %s: state keyed by a user ID is that user’s own', (_, version) => {
    const room = TestRoom.public(version)
    const send = (stateKey: string) => outcomeOf(() => room.send({ type: 'org.example.card', sender: alice, stateKey }))
    expect(send(alice)).toBe('allowed')
    expect(send(bob)).toBe('9')
    expect(send('@')).toBe('9')
    expect(send(bob.slice(1))).toBe('allowed')
  })

  test.each(VERSIONS)('version %s: without power levels only creators may send state', (_, version) => {
    const room = TestRoom.bare(version)
    room.joinRule('public')
    room.member(bob, 'join')
    const topic = (sender: typeof bob) =>
      outcomeOf(() => room.send({ type: 'm.room.topic', sender, stateKey: '', content: { topic: 'x' } }))
    expect(topic(alice)).toBe('allowed')
    expect(topic(bob)).toBe('8')
    expect(outcomeOf(() => room.message(bob))).toBe('allowed')
  })

  test('version 12: creators, additional ones too, may send whatever the levels say', () => {
    const room = TestRoom.public(V12, { additional_creators: [carol] })
    room.member(carol, 'join')
    room.powerLevels({ events_default: Number.MAX_SAFE_INTEGER })
    expect(outcomeOf(() => room.message(alice))).toBe('allowed')
    expect(outcomeOf(() => room.message(carol))).toBe('allowed')
  })

  test('version 11: additional creators have no power', () => {
    const room = TestRoom.public(V11, { additional_creators: [carol] })
    room.member(carol, 'join')
    room.powerLevels({ events_default: 50 })
    expect(outcomeOf(() => room.message(carol))).toBe('8')
  })
})

describe('rule 7: third-party invites', () => {
  test.each(VERSIONS)('version %s: whoever may invite may send them', (_, version) => {
    const room = TestRoom.public(version)
    room.member(bob, 'join')
    // Rules 8 and 9 are not asked: neither state_default nor the shape of the token matters.
    const send = () =>
      outcomeOf(() => room.send({ type: 'm.room.third_party_invite', sender: bob, stateKey: '@token' }))
    expect(send()).toBe('allowed')
    room.powerLevels({ invite: 1 })
    expect(send()).toBe('7.1')
    expect(outcomeOf(() => room.send({ type: 'm.room.third_party_invite', sender: dave, stateKey: 't' }))).toBe('6')
  })
})

describe('rules of old room versions', () => {
  test.each(VERSIONS)('version %s: aliases belong to their server up to version 5', (id, version) => {
    const room = TestRoom.public(version)
    const send = (stateKey?: string) =>
      outcomeOf(() =>
        room.send({ type: 'm.room.aliases', sender: carol, ...(stateKey === undefined ? {} : { stateKey }) }),
      )
    const isOrdinary = isSince(id, 6)
    // The rule comes before those on membership and power: carol is not in the room.
    expect(send()).toBe(isOrdinary ? '6' : 'v5/4.1')
    expect(send('a.example')).toBe(isOrdinary ? '6' : 'v5/4.2')
    expect(send('c.example')).toBe(isOrdinary ? '6' : 'allowed')
  })

  test.each(VERSIONS.slice(0, 2))(
    'version %s: redactions take the redact level or an event of the same server',
    (_, version) => {
      // given
      const room = TestRoom.public(version)
      room.member(bob, 'join')
      const redaction = (sender: typeof bob, redacts: string) => {
        return room.check(room.build({ type: 'm.room.redaction', sender, fields: { redacts } }))
      }
      // then
      expect(redaction(alice, '$event:c.example')).toEqual(ALLOWED)
      expect(redaction(bob, '$event:a.example')).toEqual(ALLOWED)
      expect(redaction(bob, '$event:c.example')).toMatchObject({ allowed: false, rule: 'v2/11.3' })
      room.powerLevels({ users: { [bob]: 49 } })
      expect(redaction(bob, '$event:c.example')).toMatchObject({ allowed: false, rule: 'v2/11.3' })
      room.powerLevels({ users: { [bob]: 50 } })
      expect(redaction(bob, '$event:c.example')).toEqual(ALLOWED)
      room.powerLevels({})
      expect(redaction(bob, 'nonsense')).toMatchObject({ allowed: false, rule: 'v2/11.3' })
    },
  )

  test.each(VERSIONS.slice(2))('version %s: the rules allow redactions of anything', (_, version) => {
    const room = TestRoom.public(version)
    room.member(bob, 'join')
    const redacts = { redacts: someEventId }
    const redaction = { type: 'm.room.redaction', sender: bob, content: redacts, fields: redacts }
    expect(outcomeOf(() => room.send(redaction))).toBe('allowed')
    room.powerLevels({ events: { 'm.room.redaction': 1 } })
    expect(outcomeOf(() => room.send(redaction))).toBe('8')
  })
})
