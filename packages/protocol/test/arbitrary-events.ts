import fc from 'fast-check'
import type { JsonObject, JsonValue, Pdu } from '../src/index.ts'
import { alice, roomVersion, TestRoom } from './room-builder.ts'

/** Any JSON, integers only, as strict room versions have it. */
export const strictJson: fc.Arbitrary<JsonValue> = fc.letrec<{ value: JsonValue }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.string({ unit: 'grapheme' }),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 4 }),
  ),
})).value

export const strictObject: fc.Arbitrary<JsonObject> = fc.dictionary(fc.string(), strictJson, { maxKeys: 6 })

/** Types that redaction treats specially, and others. */
const eventType = fc.oneof(
  fc.constantFrom(
    'm.room.member',
    'm.room.create',
    'm.room.join_rules',
    'm.room.power_levels',
    'm.room.history_visibility',
    'm.room.redaction',
    'm.room.message',
  ),
  fc.string({ maxLength: 20 }),
)

/** Contents that redaction strips in part. */
const content = fc.oneof(
  strictObject,
  fc.record(
    {
      membership: strictJson,
      third_party_invite: fc.oneof(strictJson, fc.record({ signed: strictJson, display_name: strictJson })),
      join_rule: strictJson,
      allow: strictJson,
      users: strictJson,
      notifications: strictJson,
      redacts: strictJson,
      history_visibility: strictJson,
    },
    { requiredKeys: [] },
  ),
)

/** A well-formed event of a room version with arbitrary type, content and further fields. */
export function anyPdu(versionId: string): fc.Arbitrary<Pdu> {
  const room = TestRoom.public(roomVersion(versionId))
  return fc
    .record({
      type: eventType,
      content,
      stateKey: fc.option(fc.string({ maxLength: 20 }), { nil: undefined }),
      extra: strictObject,
      unsigned: fc.option(strictObject, { nil: undefined }),
    })
    .map(({ type, content: drawn, stateKey, extra, unsigned }) => {
      const base = { type, sender: alice, content: drawn, ...(stateKey === undefined ? {} : { stateKey }) }
      const { pdu } = room.build({ ...base, fields: unsigned === undefined ? {} : { unsigned } })
      return { ...extra, ...pdu }
    })
}
