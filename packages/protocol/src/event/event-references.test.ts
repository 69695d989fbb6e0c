import { describe, expect, test } from 'vitest'
import { ALL_VERSIONS, alice, isSince, roomVersion, TestRoom } from '../../test/room-builder.ts'
import { encodeBase64 } from '../base64.ts'
import { assignEventId } from './assigned-event-id.ts'
import { authEventIds, prevEventIds, referenceTo } from './event-references.ts'
import { redact } from './redact.ts'
import { referenceHash } from './reference-hash.ts'
import { parseServerName } from '../identifiers.ts'

describe.each(ALL_VERSIONS)('version %s', (versionId) => {
  const version = roomVersion(versionId)
  const room = TestRoom.public(version)
  const event = room.build({ type: 'm.room.message', sender: alice, content: { body: 'x' } })

  test('an event is named by its ID, with its hash up to version 2', () => {
    const hash = { sha256: encodeBase64(referenceHash(event.pdu, version)) }
    expect(referenceTo(event, version)).toEqual(isSince(versionId, 3) ? event.eventId : [event.eventId, hash])
  })

  test('its redacted form is named alike', () => {
    const redacted = { ...event, pdu: redact(event.pdu, version) }
    expect(referenceTo(redacted, version)).toEqual(referenceTo(event, version))
  })

  test('the IDs are read from the references again', () => {
    expect(prevEventIds(event.pdu)).toEqual([room.events.at(-1)!.eventId])
    expect(authEventIds(event.pdu)).toContain(room.stateEvent('m.room.member', alice)!.eventId)
  })

  test('its server assigns an ID up to version 2', () => {
    const { event_id: _, hashes, signatures, ...draft } = event.pdu
    const assigned = assignEventId(draft, parseServerName('b.example:8448'), () => 'Ab_1', version)
    if (isSince(versionId, 3)) expect(assigned).toBe(draft)
    else expect(assigned).toEqual({ ...draft, event_id: '$Ab_1:b.example:8448' })
    expect(draft).not.toHaveProperty('event_id')
  })

  if (!isSince(versionId, 3))
    test.each(['', 'a:b', 'x'.repeat(250)])('%j is no localpart of an event ID', (localpart) => {
      const assign = () => assignEventId(event.pdu, parseServerName('b.example'), () => localpart, version)
      expect(assign).toThrow('Not an event ID')
    })
})
