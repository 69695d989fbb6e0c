import { MatrixError, parseEventId, parseRoomId, parseUserId } from '@magik/protocol'
import { expect, test } from 'vitest'
import { ManualClock } from '../../platform/clock/manual-clock.ts'
import { silentLogger } from '../../platform/log/logger.ts'
import { AVOID_MS, DraftForwarder, FORWARD_TIMEOUT_MS, type PostToReplica } from './draft-forwarder.ts'
import { readDraft, writeDraft, writeOutcome } from './draft-message.ts'
import { preferredReplica } from './preferred-replica.ts'
import { parseBody } from '../../platform/http/read-body.ts'

const draft = {
  type: 'm.room.message',
  content: { body: 'hello' },
  sender: parseUserId('@alice:example.org'),
  transaction: { deviceId: 'D', id: 't1' },
}
const sent = { eventId: parseEventId('$event:example.org'), eventNid: 7, position: 9 }

/** A room that prefers a replica among `here` and the others named. */
function roomOf(replicaId: string, others: readonly string[]) {
  for (let n = 0; ; n += 1) {
    const room = parseRoomId(`!room${n}:example.org`)
    if (preferredReplica(room, ['here', ...others]) === replicaId) return room
  }
}

function forwarder(post: PostToReplica, ids: readonly string[] = ['there']) {
  const clock = new ManualClock()
  const counts = { forwarded: 0, fell_back: 0 }
  const others = ids.map((replicaId) => ({ replicaId, address: `http://${replicaId}`, heartbeatTs: clock.now() }))
  const made = new DraftForwarder({
    clock,
    logger: silentLogger(),
    registry: { replicaId: 'here', others },
    post,
    count: (outcome) => {
      counts[outcome] += 1
    },
  })
  return { clock, counts, forwarder: made }
}

test('a draft is sent by the replica that its room prefers, and its answer handed back', async () => {
  const posts: [string, string][] = []
  const made = forwarder(async (address, body) => {
    posts.push([address, body])
    return { status: 200, body: JSON.stringify(writeOutcome(sent)) }
  })
  const room = roomOf('there', ['there'])
  expect(await made.forwarder.forward(room, draft)).toEqual(sent)
  expect(posts.map(([address]) => address)).toEqual(['http://there'])
  expect(readDraft(parseBody(Buffer.from(posts[0]![1])))).toEqual({ roomId: room, draft })
  // but not where the room prefers this replica, nor without a transaction ID
  expect(await made.forwarder.forward(roomOf('here', ['there']), draft)).toBeUndefined()
  const { transaction: _, ...bare } = draft
  expect(await made.forwarder.forward(room, bare)).toBeUndefined()
  expect(posts).toHaveLength(1)
  expect(made.counts).toEqual({ forwarded: 1, fell_back: 0 })
})

test('what the sender is told by the other replica is thrown as it is', async () => {
  const error = new MatrixError('M_FORBIDDEN', 'not you', { status: 403, fields: { why: 'because' } })
  const { forwarder: made } = forwarder(async () => ({ status: 200, body: JSON.stringify(writeOutcome(error)) }))
  const thrown: unknown = await made.forward(roomOf('there', ['there']), draft).catch((it: unknown) => it)
  expect(thrown).toBeInstanceOf(MatrixError)
  expect(thrown).toMatchObject({ errcode: 'M_FORBIDDEN', message: 'not you', status: 403, fields: { why: 'because' } })
})

test('a replica that cannot be reached is left alone for a while; meanwhile the next one is asked', async () => {
  const asked: string[] = []
  const ids = ['one', 'two']
  const made = forwarder(async (address) => {
    asked.push(address)
    if (address === 'http://one') throw new Error('refused')
    return { status: 200, body: JSON.stringify(writeOutcome(sent)) }
  }, ids)
  const rooms = Array.from({ length: 50 }, (_, n) => parseRoomId(`!r${n}:example.org`))
  const room = rooms.find(
    (it) => preferredReplica(it, ['here', 'one', 'two']) === 'one' && preferredReplica(it, ['here', 'two']) === 'two',
  )!
  expect(await made.forwarder.forward(room, draft)).toBeUndefined()
  expect(await made.forwarder.forward(room, draft)).toEqual(sent)
  expect(asked).toEqual(['http://one', 'http://two'])
  await made.clock.advance(AVOID_MS)
  expect(await made.forwarder.forward(room, draft)).toBeUndefined()
  expect(asked.at(-1)).toBe('http://one')
  expect(made.counts).toEqual({ forwarded: 1, fell_back: 2 })
})

test('a replica that does not answer is given up after a while', async () => {
  const made = forwarder(
    (_address, _body, signal) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  )
  const answer = made.forwarder.forward(roomOf('there', ['there']), draft)
  await made.clock.advance(FORWARD_TIMEOUT_MS)
  expect(await answer).toBeUndefined()
  expect(made.clock.pendingTimers).toBe(0)
})

test.each([
  [500, '{}', 2],
  [401, '{}', 1],
  [200, 'no JSON', 1],
  [200, '{"errcode":"M_NEVER_HEARD_OF","error":"","status":400,"fields":{}}', 1],
  [200, '{"event_id":"$event:example.org","event_nid":1.5,"position":2}', 1],
])('status %d with %s: the draft is sent here', async (status, body, timesAsked) => {
  let asked = 0
  const { forwarder: made } = forwarder(async () => {
    asked += 1
    return { status, body }
  })
  const room = roomOf('there', ['there'])
  for (let n = 0; n < 2; n += 1) expect(await made.forward(room, draft)).toBeUndefined()
  // whoever failed at one draft may do better with the next
  expect(asked).toBe(timesAsked)
})

test('a draft is the same once it has travelled', () => {
  const roomId = parseRoomId('!room:example.org')
  const all = { ...draft, stateKey: '', redacts: sent.eventId, originServerTs: 5 }
  expect(readDraft(parseBody(Buffer.from(writeDraft({ roomId, draft: all }))))).toEqual({ roomId, draft: all })
  for (const part of [{ content: 1 }, { sender: 'alice' }, { transaction: 't' }, { origin_server_ts: 0.5 }]) {
    const body = { ...parseBody(Buffer.from(writeDraft({ roomId, draft }))), ...part }
    expect(() => readDraft(body)).toThrow(MatrixError)
  }
})
