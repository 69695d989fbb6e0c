import { afterEach, expect, test, vi } from 'vitest'
import { PositionWatch } from '../../src/platform/database/postgres/position-watch.ts'
import { InternalClient } from '../../src/platform/http/internal-client.ts'
import { AVOID_MS } from '../../src/services/replicas/draft-forwarder.ts'
import { ReadBarrier } from '../../src/services/replicas/read-barrier.ts'
import {
  HEARTBEAT_INTERVAL_MS,
  REPLICA_LIFETIME_MS,
  ReplicaRegistry,
} from '../../src/services/replicas/replica-registry.ts'
import { eventIds, refused, until } from '../harness/index.ts'
import { draftsOf, roomElsewhere, twoReplicas } from './two-replicas.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test('a room’s events are sent by one of the replicas, whichever is asked', async () => {
  const { a, b, atA, atB } = await twoReplicas(['alice', 'bob'])
  const rooms: string[] = []
  for (let n = 0; n < 8; n += 1) rooms.push(await atA.alice.createRoom())
  for (const room of rooms) {
    for (const alice of [atA.alice, atB.alice]) await alice.send(room, 'hello')
    expect(await atB.alice.timeline(room, { type: 'm.room.message' })).toHaveLength(2)
  }
  const [atBoth, atOther] = [await draftsOf(a), await draftsOf(b)]
  expect(atBoth.forwarded + atOther.forwarded).toBe(rooms.length)
  expect([atBoth.fellBack, atOther.fellBack]).toEqual([0, 0])
  // what the other one refuses is refused here with the same words
  const room = await roomElsewhere(a, atA.alice)
  const { forwarded } = await draftsOf(a)
  const refusals = [atA, atB].map(({ bob }) => refused(bob.send(room, 'let me in'), 'M_FORBIDDEN', 403))
  const [throughA, throughB] = await Promise.all(refusals)
  expect(throughA!.body).toEqual(throughB!.body)
  expect((await draftsOf(a)).forwarded).toBe(forwarded + 1)
})

test('an event whose answer is lost between the replicas is sent once', async () => {
  const { a, atA, clock } = await twoReplicas(['alice'])
  const room = await roomElsewhere(a, atA.alice)
  const post = InternalClient.prototype.post
  const spy = vi.spyOn(InternalClient.prototype, 'post')
  // once the other one has sent it, and while it is about to
  for (const waits of [true, false]) {
    const sendings: Promise<unknown>[] = []
    spy.mockImplementationOnce(async function (this: InternalClient, ...request) {
      const sending = post.apply(this, request)
      sendings.push(sending)
      if (waits) await sending
      throw new Error('the answer is lost')
    })
    const before = await draftsOf(a)
    const { event_id: eventId } = await atA.alice.send(room, `lost ${waits}`)
    expect(await draftsOf(a)).toEqual({ ...before, fellBack: before.fellBack + 1 })
    await Promise.all(sendings)
    const sent = (await atA.alice.timeline(room)).filter(({ content }) => content['body'] === `lost ${waits}`)
    expect(eventIds(sent)).toEqual([eventId])
    await clock.advance(AVOID_MS)
  }
})

test('what a replica that has died would have sent is sent here, and before long nobody asks it any more', async () => {
  const { a, b, atA, clock } = await twoReplicas(['alice'])
  const room = await roomElsewhere(a, atA.alice)
  const before = await draftsOf(a)
  // when it goes without a word
  const leave = vi.spyOn(ReplicaRegistry.prototype, 'leave').mockResolvedValueOnce()
  await b.stop()
  leave.mockRestore()
  expect(a.server.otherReplicas()).toBe(1)
  await atA.alice.send(room, 'is anybody there?')
  expect(await draftsOf(a)).toEqual({ ...before, fellBack: before.fellBack + 1 })
  await atA.alice.send(room, 'then I go on alone')
  expect((await draftsOf(a)).fellBack).toBe(before.fellBack + 1)
  await clock.advance(REPLICA_LIFETIME_MS + 1)
  expect(a.server.otherReplicas()).toBe(0)
})

test('a replica that stops signs off', async () => {
  const { a, b, clock } = await twoReplicas([])
  await b.stop()
  await clock.advance(HEARTBEAT_INTERVAL_MS)
  await until('the other one knows', () => a.server.otherReplicas() === 0)
})

test('whoever does not have the secret is turned away', async () => {
  const { a, atA } = await twoReplicas(['alice'])
  const spy = vi.spyOn(InternalClient.prototype, 'post')
  await roomElsewhere(a, atA.alice)
  const [url, body] = spy.mock.lastCall!
  for (const headers of [{}, { authorization: 'Bearer guess' }, { authorization: 'Bearer ' }]) {
    expect((await fetch(url, { method: 'POST', body, headers })).status).toBe(401)
  }
  // and the clients' listener knows nothing of it
  const path = new URL(url).pathname
  expect((await fetch(`${a.baseUrl}${path}`, { method: 'POST', body })).status).toBe(404)
})

/** Writes through one server and reads at once through the other, again and again. @returns how often it was missed. */
async function missed(): Promise<number> {
  // Servers that are told nothing by the database hear of each other's writes only by asking.
  vi.spyOn(PositionWatch.prototype, 'listen').mockReturnValue()
  const { atA, atB } = await twoReplicas(['alice'])
  const room = await atA.alice.createRoom()
  let since = await atB.alice.now()
  let misses = 0
  for (let n = 0; n < 10; n += 1) {
    const { event_id: eventId } = await atA.alice.send(room, `message ${n}`)
    const reply = await atB.alice.sync({ since })
    since = reply.next_batch
    if (!eventIds(reply.rooms?.join?.[room]?.timeline.events ?? []).includes(eventId)) misses += 1
    await atA.alice.setState(room, 'm.room.topic', { topic: `topic ${n}` })
    if ((await atB.alice.state(room, 'm.room.topic'))['topic'] !== `topic ${n}`) misses += 1
  }
  return misses
}

test('what one server has acknowledged the other one knows at once', async () => {
  expect(await missed()).toBe(0)
})

test('servers that do not wait for each other’s writes do not pass', async () => {
  vi.spyOn(ReadBarrier.prototype, 'pass').mockResolvedValue()
  expect(await missed()).toBeGreaterThan(0)
})
