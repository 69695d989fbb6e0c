import { parseUserId } from '@magik/protocol'
import { expect, test } from 'vitest'
import { staysOpen, turns, until } from '../harness/index.ts'
import { invitation, message, testCore } from './core.ts'

const STRANGER = parseUserId('@stranger:elsewhere.example')
const OTHER = parseUserId('@other:elsewhere.example')

/** Commits that wait while the gate is shut. */
function gate() {
  let opening = Promise.withResolvers<void>()
  opening.resolve()
  return {
    commitGate: () => opening.promise,
    shut: () => {
      opening = Promise.withResolvers()
    },
    open: () => opening.resolve(),
  }
}

test('propose: what is in force already is not answered with before it is durable', async () => {
  // given a topic on its way to the disk
  const { commitGate, shut, open } = gate()
  const { eventSender, createRoom } = await testCore({ commitGate })
  const roomId = await createRoom()
  shut()
  const setting = eventSender.propose(roomId, () => ({ ...message('x'), type: 'm.room.topic', stateKey: '' }))
  // when somebody finds that it is as they want it
  const repeating = eventSender.propose(roomId, async (room) => {
    expect(await room.content('m.room.topic', '')).toMatchObject({ body: 'x' })
    return undefined
  })
  // then they hear so once it is durable
  expect(await staysOpen(repeating)).toBe(true)
  open()
  expect(await setting).toBeDefined()
  expect(await repeating).toBeUndefined()
})

test('propose: a decision on what is refused meanwhile is made again', async () => {
  // given two rooms whose commits both make the same user known, so that the second is refused
  const { commitGate, shut, open } = gate()
  const { eventSender, heads, createRoom } = await testCore({ commitGate })
  const [first, second] = [await createRoom(), await createRoom()]
  shut()
  const invites = [eventSender.send(first, invitation(STRANGER))]
  // it is the first that comes first
  await until('the first is on its way to the disk', () => heads.atHand(first)?.isBusy === true)
  invites.push(eventSender.send(second, invitation(STRANGER)))
  // when a sender decides on the refused state, and reads on once it is gone
  const seen: unknown[] = []
  const { promise: held, resolve: release } = Promise.withResolvers<void>()
  const deciding = eventSender.propose(second, async (room) => {
    seen.push(await room.membership(STRANGER))
    await held
    await room.content('org.example.not.read.yet', '')
    return { ...invitation(STRANGER), content: { membership: 'leave' } }
  })
  await until('the decision has begun', () => seen.length > 0)
  open()
  await invites[0]
  await turns(100)
  release()
  // then everything is sent after all
  await Promise.all(invites)
  await expect(deciding).resolves.toBeDefined()
  expect(seen.length).toBe(2)
})

test('send: events of a room survive that one of them is refused', async () => {
  const { commitGate, shut, open } = gate()
  const { eventSender, createRoom, rooms } = await testCore({ commitGate })
  const [first, second] = [await createRoom(), await createRoom()]
  shut()
  const sending = [
    eventSender.send(first, invitation(STRANGER)),
    eventSender.send(second, invitation(STRANGER)),
    eventSender.send(second, message('a')),
    eventSender.send(second, invitation(OTHER)),
    eventSender.send(second, message('b')),
  ]
  await turns(50)
  open()
  const sent = await Promise.all(sending)
  expect(new Set(sent.map(({ position }) => position)).size).toBe(5)
  const room = await rooms.get(second)
  expect([await room.membership(STRANGER), await room.membership(OTHER)]).toEqual(['invite', 'invite'])
})

test('advanceHead: an event built on one that another writer forestalled is refused, though the version is as expected', async () => {
  // given a room whose next version another writer has made
  const { stores, database, createRoom } = await testCore()
  const { roomStore } = stores
  const roomId = await createRoom()
  const { roomNid, head } = (await roomStore.find(roomId))!
  const after = (version: number, eventNid: number) => ({
    ...head,
    version: head.version + version,
    forwardExtremities: [{ ...head.forwardExtremities[0]!, eventNid }],
  })
  const advance = (from: typeof head, to: typeof head) =>
    database.write({ statements: [roomStore.advanceHead(roomNid, from, to, 1)] })
  expect(await advance(head, after(1, 100))).toMatchObject({ committed: true })
  // when the events come that were built one upon the other meanwhile
  const results = [await advance(head, after(1, 200)), await advance(after(1, 200), after(2, 201))]
  // then neither is taken
  expect(results).toEqual([
    { committed: false, guard: 'head' },
    { committed: false, guard: 'head' },
  ])
  expect((await roomStore.find(roomId))!.head).toEqual(after(1, 100))
})
