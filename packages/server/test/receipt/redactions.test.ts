import { type JsonObject, parseUserId, type RoomEvent, type RoomId, ROOM_VERSIONS, type UserId } from '@magik/protocol'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { EventDraft } from '../../src/services/events/event-draft.ts'
import type { EventSource } from '../../src/services/events/receive/event-source.ts'
import { temporaryFolder } from '../harness/index.ts'
import { VirtualServer } from '../simulation/virtual-server.ts'

const CREATOR = parseUserId('@creator:first.example')
const BOB = parseUserId('@bob:first.example')
/** Of another server than those whose events she redacts, and without power. */
const MALLORY = parseUserId('@mallory:third.example')

/** Two servers; the second knows rooms of the first as they were before what is sent in them. */
async function world(roomVersion: string) {
  const folder = temporaryFolder()
  const first = await VirtualServer.start('first.example', folder)
  const second = await VirtualServer.start('second.example', folder)
  onTestFinished(async () => {
    await first.stop()
    await second.stop()
  })
  // The first tells states when asked, but no events: so each comes when the test says.
  const source: EventSource = {
    missingEvents: () => Promise.resolve([]),
    stateAfter: (_roomId, eventId) => first.stateAfter(eventId),
    authChain: async (_roomId, eventId) => first.authChain([(await first.event(eventId))!]),
  }
  const send = async (roomId: RoomId, sender: UserId, draft: Omit<EventDraft, 'sender'>) => {
    const { eventId } = await first.core.eventSender.send(roomId, { ...draft, sender })
    return (await first.event(eventId))!
  }
  const early = new Map<RoomId, RoomEvent>()
  return {
    second,
    source,
    /** In each room what was said before the second server entered it. */
    early,
    async createRoom(): Promise<RoomId> {
      const version = ROOM_VERSIONS.get(roomVersion)!
      first.roomSeed = second.roomSeed = `room ${Math.trunc(first.core.log.position)}`
      const state = (type: string, content: JsonObject, stateKey: string, sender: UserId) => ({
        type,
        content,
        stateKey,
        sender,
      })
      const join = (user: UserId) => state('m.room.member', { membership: 'join' }, user, user)
      const { roomId } = await first.core.eventSender.createRoom({
        creator: CREATOR,
        version,
        drafts: [
          state('m.room.create', { room_version: roomVersion }, '', CREATOR),
          join(CREATOR),
          state('m.room.power_levels', roomVersion === '12' ? {} : { users: { [CREATOR]: 100 } }, '', CREATOR),
          state('m.room.join_rules', { join_rule: 'public' }, '', CREATOR),
          join(BOB),
          join(MALLORY),
        ],
      })
      early.set(roomId, await send(roomId, BOB, { type: 'm.room.message', content: { body: 'early' } }))
      const hello = await send(roomId, BOB, { type: 'm.room.message', content: { body: 'hello' } })
      await second.core.roomImports.enter({
        ...(await first.stateAfter(hello.eventId))!,
        roomId,
        version,
        event: hello,
      })
      return roomId
    },
    say: (roomId: RoomId, sender: UserId, body: string) =>
      send(roomId, sender, { type: 'm.room.message', content: { body } }),
    redact: (roomId: RoomId, sender: UserId, target: RoomEvent) =>
      send(roomId, sender, { type: 'm.room.redaction', content: { reason: 'because' }, redacts: target.eventId }),
    receive: async (...events: RoomEvent[]) => {
      for (const event of events) {
        const [receipt] = await second.core.gapFiller.receive(event.roomId, [event], source)
        expect(receipt).toMatchObject({ kind: 'stored', status: 0 })
      }
    },
    contentOf: async ({ eventId }: RoomEvent) => (await second.event(eventId))?.pdu.content,
  }
}

/** Arranges a redaction and what it is about in the order of their arrival. */
const ORDERS = {
  'after its target': (target: RoomEvent, redaction: RoomEvent) => [target, redaction],
  'before its target': (target: RoomEvent, redaction: RoomEvent) => [redaction, target],
} as const

test('an event that its redaction has come before is redacted also where it gets no place in the room', async () => {
  // given an event from before all that the second server knows of the room, redacted since
  const { createRoom, early, redact, receive, contentOf, second, source } = await world('12')
  const roomId = await createRoom()
  const target = early.get(roomId)!
  const redaction = await redact(roomId, CREATOR, target)
  await receive(redaction)
  expect(await contentOf(target)).toBeUndefined()
  // when it comes, and is kept as an outlier
  expect(await second.core.gapFiller.receive(roomId, [target], source)).toMatchObject([{ kind: 'stored', status: 3 }])
  // then
  expect(await contentOf(target)).toEqual({})
})

describe.each(['11', '12'])('version %s', (roomVersion) => {
  describe.each(Object.entries(ORDERS))('a redaction that comes %s', (_, inOrder) => {
    test('takes effect where its sender has power, or sent the event', async () => {
      const { createRoom, say, redact, receive, contentOf } = await world(roomVersion)
      const roomId = await createRoom()
      const theirs = await say(roomId, BOB, 'theirs')
      const byCreator = await redact(roomId, CREATOR, theirs)
      await receive(...inOrder(theirs, byCreator))
      const own = await say(roomId, MALLORY, 'own')
      const byMallory = await redact(roomId, MALLORY, own)
      await receive(...inOrder(own, byMallory))
      expect(await contentOf(theirs)).toEqual({})
      expect(await contentOf(own)).toEqual({})
    })

    test('takes none without power', async () => {
      const { createRoom, say, redact, receive, contentOf } = await world(roomVersion)
      const roomId = await createRoom()
      const target = await say(roomId, BOB, 'stays')
      const redaction = await redact(roomId, MALLORY, target)
      await receive(...inOrder(target, redaction))
      expect(await contentOf(target)).toEqual({ body: 'stays' })
      expect(await contentOf(redaction)).toMatchObject({ reason: 'because' })
    })

    test('takes none on an event of another room', async () => {
      const { createRoom, say, redact, receive, contentOf } = await world(roomVersion)
      const [here, elsewhere] = [await createRoom(), await createRoom()]
      const target = await say(elsewhere, BOB, 'stays')
      const redaction = await redact(here, CREATOR, target)
      await receive(...inOrder(target, redaction))
      expect(await contentOf(target)).toEqual({ body: 'stays' })
    })

    test('is itself redacted, and stays in effect', async () => {
      const { createRoom, say, redact, receive, contentOf } = await world(roomVersion)
      const roomId = await createRoom()
      const target = await say(roomId, BOB, 'gone')
      const redaction = await redact(roomId, BOB, target)
      const ofRedaction = await redact(roomId, CREATOR, redaction)
      await receive(...inOrder(target, redaction), ofRedaction)
      expect(await contentOf(target)).toEqual({})
      expect(await contentOf(redaction)).toEqual({ redacts: target.eventId })
    })

    test('is redacted before it comes, and takes effect all the same', async () => {
      const { createRoom, say, redact, receive, contentOf } = await world(roomVersion)
      const roomId = await createRoom()
      const target = await say(roomId, BOB, 'gone')
      const redaction = await redact(roomId, BOB, target)
      const ofRedaction = await redact(roomId, CREATOR, redaction)
      await receive(ofRedaction, ...inOrder(target, redaction))
      expect(await contentOf(target)).toEqual({})
      expect(await contentOf(redaction)).toEqual({ redacts: target.eventId })
    })
  })
})
