import {
  type JsonObject,
  type PduDraft,
  parseServerName,
  parseUserId,
  ROOM_VERSIONS,
  type RoomEvent,
  type RoomVersion,
  signEvent,
  SigningKey,
  stringifyJson,
} from '@magik/protocol'
import { expect, onTestFinished, test } from 'vitest'
import { systemClock } from '../src/platform/clock/system-clock.ts'
import type { EventSource } from '../src/services/events/receive/event-source.ts'
import { IncomingPdus } from '../src/services/federation/incoming-pdus.ts'
import { PduChecker } from '../src/services/federation/pdu-checks/pdu-checker.ts'
import { eventStatus } from '../src/storage/stored-event.ts'
import { ALICE, testCore } from './regressions/core.ts'

const BOB = parseUserId('@bob:remote.example')
const REMOTE = parseServerName('remote.example')
const KEY = new SigningKey('1', new Uint8Array(32).fill(1))
const OTHER_KEY = new SigningKey('1', new Uint8Array(32).fill(2))
const NOBODY: EventSource = {
  missingEvents: async () => [],
  stateAfter: async () => undefined,
  authChain: async () => [],
}

/** A public room of alice's, and a way to hand it PDUs of bob's server. */
async function roomWithRemote() {
  const { core } = await testCore()
  const version = ROOM_VERSIONS.get('12') as RoomVersion
  const state = (type: string, content: JsonObject, stateKey = '') => ({ type, stateKey, content, sender: ALICE })
  const { roomId } = await core.eventSender.createRoom({
    creator: ALICE,
    version,
    drafts: [
      state('m.room.create', { room_version: '12' }),
      state('m.room.member', { membership: 'join' }, ALICE),
      state('m.room.join_rules', { join_rule: 'public' }),
    ],
  })
  const checker = new PduChecker({ clock: systemClock })
  onTestFinished(() => checker.close())
  const keys = {
    keys: async () => [
      { serverName: REMOTE, keyId: KEY.keyId, publicKey: KEY.publicKey, validUntilTs: Date.now() + 1e9 },
    ],
  }
  const pdus = new IncomingPdus({ checker, keys, gapFiller: core.gapFiller })
  const head = (await core.heads.find(roomId))!
  const joinRules = (await (await core.rooms.get(roomId)).state('m.room.join_rules', ''))!
  const build = (fields: Partial<PduDraft>, key = KEY): RoomEvent =>
    signEvent(
      {
        type: 'm.room.message',
        room_id: roomId,
        sender: BOB,
        content: {},
        auth_events: [],
        prev_events: head.committed.forwardExtremities.map(({ eventId }) => eventId),
        depth: 4,
        origin_server_ts: 1_700_000_000_000,
        ...fields,
      },
      REMOTE,
      key,
      version,
    )
  const join = build({
    type: 'm.room.member',
    state_key: BOB,
    content: { membership: 'join' },
    auth_events: [joinRules.eventId],
  })
  const message = (body: string, key = KEY) =>
    build({ content: { body }, prev_events: [join.eventId], auth_events: [join.eventId], depth: 5 }, key)
  const receive = (...texts: string[]) => pdus.receive({ roomId, version }, texts, NOBODY)
  return { core, join, message, receive, roomId }
}

const text = ({ pdu }: RoomEvent) => stringifyJson(pdu)

test('PDUs that are sound are received, in order; others do not keep them from it', async () => {
  const { core, join, message, receive } = await roomWithRemote()
  // given a join, and then a message that is not JSON, one by another key, one of another room, one that is all right
  const good = message('good')
  const elsewhere = stringifyJson({ ...message('elsewhere').pdu, room_id: '!elsewhere' })
  // when they come in one go
  const outcomes = await receive(text(join), '{"type":', text(message('forged', OTHER_KEY)), elsewhere, text(good))
  // then the sound ones are in the room
  expect(outcomes).toEqual([
    { kind: 'received', eventId: join.eventId, receipt: { kind: 'stored', status: eventStatus.accepted } },
    { kind: 'dropped', reason: expect.stringMatching(/JSON|end/i) },
    { kind: 'dropped', reason: expect.stringContaining('remote.example') },
    { kind: 'dropped', reason: expect.any(String) },
    { kind: 'received', eventId: good.eventId, receipt: { kind: 'stored', status: eventStatus.accepted } },
  ])
  expect((await core.events.findById(good.eventId))?.position).toBeGreaterThan(0)
  expect(await core.events.findById(message('forged', OTHER_KEY).eventId)).toBeUndefined()
})

test('a PDU whose content is not what was hashed is received in its redacted form', async () => {
  const { core, join, message, receive } = await roomWithRemote()
  const original = message('as sent')
  const altered = stringifyJson({ ...original.pdu, content: { body: 'as altered on the way' } })
  const [, outcome] = await receive(text(join), altered)
  expect(outcome).toMatchObject({ kind: 'received', eventId: original.eventId })
  const stored = (await core.events.findById(original.eventId))!
  expect(core.events.pdu(stored).content).toEqual({})
  expect(stored.json).not.toContain('altered')
})
