import { describe, expect, test } from 'vitest'
import { ALL_VERSIONS, alice, carol, isSince, roomVersion, TestRoom } from '../../test/room-builder.ts'
import { redact } from '../event/redact.ts'
import { parseServerName } from '../identifiers.ts'
import type { JsonObject, JsonValue } from '../json/json-value.ts'
import { requiredSigners, signingKeyIds } from './required-signers.ts'

describe.each(ALL_VERSIONS)('version %s', (versionId) => {
  const version = roomVersion(versionId)
  const build = (type: string, content: JsonObject = {}, fields = {}) =>
    TestRoom.public(version).build({ type, sender: alice, stateKey: alice, content, fields }).pdu
  const signersOf = (...event: Parameters<typeof build>) =>
    requiredSigners(build(...event), version).map(({ role, serverName }) => [role, serverName])
  const sender = ['sender', 'a.example']

  test('the sender’s server signs', () => {
    expect(signersOf('m.room.message')).toEqual([sender])
    expect(signersOf('m.room.member', { membership: 'join' })).toEqual([sender])
  })

  test('another server that assigned the ID signs too, up to version 2', () => {
    const elsewhere = { event_id: '$e:b.example:8448' }
    expect(signersOf('m.room.message', {}, elsewhere)).toEqual(
      isSince(versionId, 3) ? [sender] : [sender, ['event-id', 'b.example:8448']],
    )
  })

  test('the server of the user who vouches for a join signs too, since version 8', () => {
    const vouched = (authoriser: JsonValue, membership = 'join') =>
      signersOf('m.room.member', { membership, join_authorised_via_users_server: authoriser })
    const both = isSince(versionId, 8) ? [sender, ['restricted-join', 'c.example']] : [sender]
    expect(vouched(carol)).toEqual(both)
    expect(vouched(carol, 'leave')).toEqual(both)
    expect(vouched(alice)).toEqual([sender])
    const nobody = isSince(versionId, 8) ? [sender, ['restricted-join', undefined]] : [sender]
    for (const wrong of ['c.example', '@carol', '', 5, null, [carol]]) expect(vouched(wrong)).toEqual(nobody)
    expect(signersOf('m.room.topic', { join_authorised_via_users_server: carol })).toEqual([sender])
  })

  test('whether a redacted join must be vouched for depends on whether its redaction keeps who did', () => {
    const pdu = build('m.room.member', { membership: 'join', join_authorised_via_users_server: carol })
    const roles = requiredSigners(redact(pdu, version), version).map(({ role }) => role)
    expect(roles).toEqual(isSince(versionId, 9) ? ['sender', 'restricted-join'] : ['sender'])
  })

  test('an invite by a third party need not be signed by its sender’s server', () => {
    const content = { membership: 'invite', third_party_invite: { signed: {} } }
    expect(signersOf('m.room.member', content)).toEqual([])
    expect(signersOf('m.room.member', content, { event_id: '$e:b.example' })).toEqual(
      isSince(versionId, 3) ? [] : [['event-id', 'b.example']],
    )
    expect(signersOf('m.room.member', { ...content, membership: 'join' })).toEqual([sender])
    expect(signersOf('m.room.member', { membership: 'invite' })).toEqual([sender])
    expect(signersOf('m.room.message', content)).toEqual([sender])
  })
})

test('the keys of a signature are those of the one algorithm', () => {
  const { pdu } = TestRoom.public(roomVersion('12')).build({ type: 'm.x', sender: alice })
  const signatures = { 'b.example': { 'ed25519:1': '', 'rsa:1': '', 'ed25519:2': '' } }
  expect(signingKeyIds({ ...pdu, signatures }, parseServerName('b.example'))).toEqual(['ed25519:1', 'ed25519:2'])
  expect(signingKeyIds({ ...pdu, signatures }, parseServerName('a.example'))).toEqual([])
  expect(signingKeyIds({ ...pdu, signatures }, parseServerName('constructor'))).toEqual([])
})
