import { describe, expect, test } from 'vitest'
import { alice, roomVersion, TestRoom } from '../../test/room-builder.ts'
import type { PduDraft } from './pdu.ts'
import type { JsonObject } from '../json/json-value.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { clientEvent, redactedClientEvent } from './client-event.ts'
import { parseStrippedStateEvent, stripStateEvent } from './stripped-state.ts'

const V12 = roomVersion('12')
const TOP_LEVEL: RoomVersion = { ...roomVersion('11'), redactsIn: 'top-level' }
const target = `$${'A'.repeat(43)}`

describe('clientEvent', () => {
  test('holds what clients get, and nothing else', () => {
    const room = TestRoom.public(V12)
    const content = { topic: 'x' }
    const fields = { unsigned: { age: 5 }, 'org.example': 1 }
    const { pdu, eventId, roomId } = room.build({ type: 'm.room.topic', sender: alice, stateKey: '', content, fields })
    expect(clientEvent(pdu, eventId, roomId, V12)).toEqual({
      type: 'm.room.topic',
      content,
      sender: alice,
      state_key: '',
      origin_server_ts: pdu.origin_server_ts,
      event_id: eventId,
      room_id: roomId,
    })
  })

  test('a message has no state key, a version 12 create event a room ID', () => {
    const room = TestRoom.public(V12)
    const { pdu, eventId, roomId } = room.message(alice)
    expect(clientEvent(pdu, eventId, roomId, V12)).not.toHaveProperty('state_key')
    const create = room.events[0]!
    expect(clientEvent(create.pdu, create.eventId, create.roomId, V12).room_id).toBe(room.roomId)
  })

  const redaction = (version: RoomVersion, content: JsonObject, fields: Partial<PduDraft> = {}) => {
    const room = TestRoom.public(version)
    const { pdu, eventId, roomId } = room.build({ type: 'm.room.redaction', sender: alice, content, fields })
    return {
      whole: clientEvent(pdu, eventId, roomId, version),
      redacted: redactedClientEvent(pdu, eventId, roomId, version),
      pdu,
    }
  }

  test('a redaction names its target in both places, wherever the room version keeps it', () => {
    const modern = redaction(V12, { redacts: target, reason: 'x' }).whole
    expect(modern).toMatchObject({ redacts: target, content: { redacts: target, reason: 'x' } })
    const { whole: old, pdu } = redaction(TOP_LEVEL, { reason: 'x' }, { redacts: target })
    expect(old).toMatchObject({ redacts: target, content: { redacts: target, reason: 'x' } })
    expect(pdu.content).toEqual({ reason: 'x' })
  })

  test('a target in the place that does not count is not believed', () => {
    expect(redaction(V12, {}, { redacts: target }).whole).not.toHaveProperty('redacts')
    const old = redaction(TOP_LEVEL, { redacts: `$${'B'.repeat(43)}` }, { redacts: target }).whole
    expect(old).toMatchObject({ redacts: target, content: { redacts: target } })
    expect(redaction(V12, { redacts: 5 }).whole).not.toHaveProperty('redacts')
  })

  test('a redacted redaction keeps its target where the room version does', () => {
    expect(redaction(V12, { redacts: target, reason: 'x' }).redacted).toMatchObject({
      redacts: target,
      content: { redacts: target },
    })
    expect(redaction(TOP_LEVEL, { reason: 'x' }, { redacts: target }).redacted).not.toHaveProperty('redacts')
  })

  test('redacts means nothing on other events', () => {
    const { pdu, eventId, roomId } = TestRoom.public(V12).build({
      type: 'm.x',
      sender: alice,
      content: { redacts: target },
    })
    expect(clientEvent(pdu, eventId, roomId, V12)).not.toHaveProperty('redacts')
  })
})

describe('stripped state', () => {
  test('a state event keeps four fields', () => {
    const { pdu } = TestRoom.public(V12).build({
      type: 'm.room.name',
      sender: alice,
      stateKey: '',
      content: { name: 'x' },
    })
    const stripped = { type: 'm.room.name', state_key: '', sender: alice, content: { name: 'x' } }
    expect(stripStateEvent(pdu)).toEqual(stripped)
    expect(parseStrippedStateEvent(pdu)).toEqual(stripped)
    expect(parseStrippedStateEvent({ ...stripped, extra: 1 })).toEqual(stripped)
  })

  test('a message has no stripped form', () => {
    expect(stripStateEvent(TestRoom.public(V12).message(alice).pdu)).toBeUndefined()
  })

  test.each([
    null,
    'x',
    {},
    { type: 5, state_key: '', sender: alice, content: {} },
    { type: 'x', sender: alice, content: {} },
    { type: 'x', state_key: '', sender: 'alice', content: {} },
    { type: 'x', state_key: '', sender: alice, content: [] },
  ])('%j is none', (value) => {
    expect(parseStrippedStateEvent(value)).toBeUndefined()
  })
})
