import { describe, expect, test } from 'vitest'
import { alice, roomVersion, TestRoom } from '../../test/room-builder.ts'
import { MatrixError } from '../errors.ts'
import { canonicalJson } from '../json/canonical-json.ts'
import type { Pdu } from './pdu.ts'
import { checkEventSize, MAX_FIELD_BYTES, MAX_PDU_BYTES } from './event-size.ts'

const room = TestRoom.public(roomVersion('12'))

/** A signed event of exactly so many bytes of canonical JSON. */
function eventOf(bytes: number, filler: string): Pdu {
  const build = (body: string) => room.build({ type: 'm.room.message', sender: alice, content: { body } }).pdu
  const missing = bytes - Buffer.byteLength(canonicalJson(build('')))
  const fillers = Math.floor(missing / Buffer.byteLength(filler))
  const event = build(filler.repeat(fillers) + 'x'.repeat(missing - fillers * Buffer.byteLength(filler)))
  expect(Buffer.byteLength(canonicalJson(event))).toBe(bytes)
  return event
}

function refusal(pdu: Pdu): string | undefined {
  try {
    checkEventSize(pdu)
    return undefined
  } catch (error) {
    if (error instanceof MatrixError) return `${error.status} ${error.errcode}`
    throw error
  }
}

describe('checkEventSize', () => {
  test.each(['x', 'é', '€', '😀'])('65,536 bytes of %s pass, one more is too many', (filler) => {
    expect(refusal(eventOf(MAX_PDU_BYTES, filler))).toBeUndefined()
    expect(refusal(eventOf(MAX_PDU_BYTES + 1, filler))).toBe('413 M_TOO_LARGE')
  })

  test.each(['type', 'state_key', 'sender', 'room_id', 'event_id'])(
    '%s: 255 bytes pass, one more is too many',
    (field) => {
      const event = eventOf(2000, 'x')
      expect(refusal({ ...event, [field]: 'x'.repeat(MAX_FIELD_BYTES) })).toBeUndefined()
      expect(refusal({ ...event, [field]: 'x'.repeat(MAX_FIELD_BYTES + 1) })).toBe('413 M_TOO_LARGE')
      expect(refusal({ ...event, [field]: `${'é'.repeat(127)}x` })).toBeUndefined()
      expect(refusal({ ...event, [field]: 'é'.repeat(128) })).toBe('413 M_TOO_LARGE')
    },
  )
})
