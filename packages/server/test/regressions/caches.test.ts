import { getEventListeners } from 'node:events'
import { type EventId, ROOM_VERSIONS, type RoomId } from '@magik/protocol'
import { expect, test } from 'vitest'
import { createSync } from '../../src/composition/sync.ts'
import type { EventSender } from '../../src/services/events/event-sender.ts'
import { RoomHead, RoomHeads } from '../../src/services/events/room-heads.ts'
import { RoomTails } from '../../src/services/sync/room-tails.ts'
import { NO_SYNC_FILTER } from '../../src/services/sync/sync-filter.ts'
import { until } from '../harness/index.ts'
import { ALICE, message, testCore } from './core.ts'
import { holdReads } from './held-reads.ts'

const TIMELINE = /from "events".*"events"\."position" > /

async function coreWithTails() {
  const core = await testCore()
  const { events, log, stores, writer } = core
  const tails = new RoomTails({ events, log, ...stores })
  writer.listen((event, { currentRoot, redaction }) => {
    tails.append(event, currentRoot)
    if (redaction !== undefined) tails.invalidate(event.roomNid)
  })
  const roomId = await core.createRoom()
  const { roomNid } = await core.rooms.get(roomId)
  const newest = (limit: number) => tails.newest(roomNid, { after: 0, upTo: log.position, limit })
  return { ...core, roomId, newest }
}

function redact(eventSender: EventSender, roomId: RoomId, eventId: EventId) {
  return eventSender.send(roomId, { type: 'm.room.redaction', content: {}, sender: ALICE, redacts: eventId })
}

test('EventReader: who holds an event from before its redaction does not bring its content back', async () => {
  // given an answer in the making that has read an event
  const { eventSender, events, createRoom } = await testCore()
  const roomId = await createRoom()
  const { eventId, eventNid } = await eventSender.send(roomId, message('secret'))
  const before = await events.get(eventNid)
  // when the event is redacted, and the answer rendered
  await redact(eventSender, roomId, eventId)
  expect(events.pdu(before).content).toMatchObject({ body: 'secret' })
  // then later readers get the redacted form
  expect(events.pdu(await events.get(eventNid)).content).toEqual({})
  expect(events.clientJson(await events.get(eventNid))).not.toContain('secret')
})

test('EventReader: a durable event has its position for everybody from the moment it is published', async () => {
  const { eventSender, events, writer, createRoom } = await testCore()
  const roomId = await createRoom()
  const positions: (number | undefined)[] = []
  writer.listen(({ eventNid }) => positions.push(events.atHand(eventNid)?.position))
  const { position } = await eventSender.send(roomId, message('a'))
  expect(positions).toEqual([position])
})

test('RoomHeads: a head read from the database gives way to a newer one that came into memory meanwhile', async () => {
  const { database, stores, createRoom } = await testCore()
  const roomId = await createRoom()
  const heads = new RoomHeads(stores.roomStore)
  // given a head that is being read
  const reads = holdReads({ database }, /from "rooms"/)
  const finding = heads.find(roomId)
  await reads.begun()
  // when a sender who has had it all along moves it on
  const head = {
    version: 9,
    forwardExtremities: [],
    stateRoot: 9,
    nextChunk: 9,
    depth: 9,
    joinedMembers: 1,
    invitedMembers: 0,
  }
  const newer = new RoomHead({ roomNid: 1, roomId, version: ROOM_VERSIONS.get('12')!, head, position: 9 })
  heads.hold(newer)
  heads.release(newer)
  reads.release()
  // then that is the room's head
  expect(await finding).toBe(newer)
  expect(heads.atHand(roomId)).toBe(newer)
})

test('RoomTails: what was read before a redaction is not kept after it', async () => {
  const { database, eventSender, events, roomId, newest } = await coreWithTails()
  const { eventId, eventNid } = await eventSender.send(roomId, message('secret'))
  events.invalidate(eventNid)
  // given a read that is on its way
  const reads = holdReads({ database }, TIMELINE)
  const reading = newest(10)
  await reads.begun()
  // when the event is redacted meanwhile
  await redact(eventSender, roomId, eventId)
  reads.release()
  await reading
  // then neither the cache nor the tail has it as it was
  expect((await events.get(eventNid)).redactedBy).toBeDefined()
  const { events: again } = await newest(10)
  expect(again.find((event) => event.eventNid === eventNid)?.redactedBy).toBeDefined()
})

test('RoomTails: a tail that is invalidated while it is read misses nothing', async () => {
  const { database, eventSender, roomId, newest } = await coreWithTails()
  const { eventId } = await eventSender.send(roomId, message('secret'))
  // given a tail that is being read
  const reads = holdReads({ database }, TIMELINE)
  const first = newest(50)
  await reads.begun()
  // when a redaction takes it away, and somebody asks for what came after that
  await redact(eventSender, roomId, eventId)
  const { eventNid } = await eventSender.send(roomId, message('later'))
  const second = newest(50)
  reads.release()
  await first
  // then they get it
  expect((await second).events.at(-1)?.eventNid).toBe(eventNid)
})

test('RoomTails: a tail that overflows while it is read has no hole', async () => {
  const { database, eventSender, roomId, newest } = await coreWithTails()
  const reads = holdReads({ database }, TIMELINE)
  const first = newest(90)
  await reads.begun()
  const sent: number[] = []
  for (let n = 0; n < 140; n += 1) sent.push((await eventSender.send(roomId, message(`m${n}`))).eventNid)
  reads.release()
  await first
  expect((await newest(90)).events.map(({ eventNid }) => eventNid)).toEqual(sent.slice(-90))
})

test('SyncService: a client that has waited leaves no listener on its signal', async () => {
  // given a client that waits
  const { core, foundations, stores, eventSender, userNumbers, log, createRoom } = await testCore()
  const { syncService } = createSync(foundations, stores, core)
  const roomId = await createRoom()
  const userNid = (await userNumbers.find(ALICE))!
  const { signal } = new AbortController()
  const waiting = syncService.sync({
    reader: { userId: ALICE, userNid, deviceId: 'D', deviceKey: 'D', filter: NO_SYNC_FILTER },
    since: { kind: 'stream', epoch: foundations.epoch, position: log.position },
    fullState: false,
    timeoutMs: 30_000,
    signal,
  })
  await until('the client waits', () => getEventListeners(signal, 'abort').length === 1)
  // when news comes
  await eventSender.send(roomId, message('news'))
  expect(await waiting).toContain('news')
  // then a combined signal could be collected
  expect(getEventListeners(signal, 'abort')).toEqual([])
})
