import { parseUserId } from '@magik/protocol'
import { expect, test } from 'vitest'
import { path, testServer, turns, type User } from '../harness/index.ts'
import { invitation, message, testCore } from './core.ts'
import { slowReads } from './held-reads.ts'

const BY_THREAD = { room: { timeline: { unread_thread_notifications: true } } }

async function counts(users: readonly User[], room: string): Promise<unknown[]> {
  const sections = await Promise.all(users.map((user) => user.syncRoom(room, { filter: BY_THREAD })))
  return sections.map((section) => [section!.unread_notifications, section!.unread_thread_notifications])
}

test.each([1, 2, 3])(
  'counts that were kept while everything happened at once are those of a server that knows nothing yet (%d)',
  async (seed) => {
    // given a database at the end of a slow line
    const first = await testServer({ users: ['alice', 'bob', 'carol'] })
    const { alice, bob, carol } = first
    const users = [alice, bob, carol]
    const room = await alice.createRoomWith([bob, carol])
    const { event_id: root } = await alice.send(room, 'root')
    slowReads(first.server, seed + 2)
    const events: string[] = [root]
    const send = async (user: User, content: Record<string, unknown>) => {
      events.push((await user.send(room, { msgtype: 'm.text', body: 'x', ...content })).event_id)
    }
    // when users send, read, sync, redact and change their rules at once
    for (let round = 0; round < 12; round += 1) {
      const latest = events.at(-1)!
      await Promise.all([
        send(alice, {}),
        send(alice, { 'm.relates_to': { rel_type: 'm.thread', event_id: root } }),
        ...(round % 3 === 0 ? [send(bob, { 'm.mentions': { user_ids: [carol.userId] } })] : []),
        ...(round % 2 === 0 ? [bob.post(path`/rooms/${room}/receipt/m.read/${latest}`, {})] : []),
        ...(round % 4 === seed ? [alice.redact(room, events.at(-2)!)] : []),
        ...(round % 5 === seed
          ? [carol.put('/pushrules/global/underride/.m.rule.message/enabled', { enabled: round % 2 === 0 })]
          : []),
        ...users.map((user) => user.sync()),
        counts(users, room),
      ])
    }
    const kept = await counts(users, room)
    // then a server started anew counts the same
    await first.stop()
    const { transport } = await testServer({ folder: first.folder })
    const anew = users.map((user) => user.through(transport))
    expect(kept).toEqual(await counts(anew, room))
  },
)

test('counters lose and gain nothing when commits are refused', async () => {
  // given two rooms whose commits both make the same user known, so that the second is refused with all built upon it
  let opening = Promise.withResolvers<void>()
  opening.resolve()
  const { eventSender, createRoom, stores, database } = await testCore({ commitGate: () => opening.promise })
  const [first, second] = [await createRoom(), await createRoom()]
  const stranger = invitation(parseUserId('@stranger:elsewhere.example'))
  opening = Promise.withResolvers()
  const sending = [
    eventSender.send(first, stranger),
    eventSender.send(second, stranger),
    eventSender.send(second, message('a')),
    eventSender.send(second, message('b')),
  ]
  await turns(50)
  opening.resolve()
  await Promise.all(sending)
  await eventSender.send(second, message('c'))
  // then the counter is what counting the room's events gives
  const { roomNid } = (await stores.roomStore.find(second))!
  const [counter] = await stores.unreadStore.countersBetween(roomNid, 0, database.position())
  const total = [...counter!.now.values()].reduce((sum, count) => sum + count, 0)
  expect(total).toBe((await stores.eventStore.between(roomNid, 0, database.position(), 100)).length)
})
