import { expect, onTestFinished, test } from 'vitest'
import { Refusal, refused, testServer, until } from '../harness/index.ts'
import { createCluster } from './cluster.ts'

test('while PostgreSQL is away clients are told to come back, and afterwards everything goes on', async () => {
  // given a server on a PostgreSQL of its own, and a client that waits for news
  const cluster = await createCluster({ synchronous_commit: 'on' })
  onTestFinished(() => cluster.remove())
  const { database: dbname, ...target } = cluster.connection('postgres')
  const config = { database: { name: 'psycopg2', args: { ...target, dbname, cp_max: 3 } } }
  const { alice, bob } = await testServer({ users: ['alice', 'bob'], config })
  const room = await alice.createRoomWith([bob])
  const waiting = bob.sync({ since: await bob.now(), timeoutMs: 60_000 })
  const { event_id: before } = await alice.send(room, 'before', { txnId: 'before' })
  await waiting
  // when PostgreSQL crashes
  await cluster.crash()
  const refusal = await refused(alice.send(room, 'meanwhile', { txnId: 'meanwhile' }), 'M_LIMIT_EXCEEDED', 503)
  expect(refusal.body).toMatchObject({ retry_after_ms: expect.any(Number) })
  await refused(alice.onAnotherDevice(), 'M_LIMIT_EXCEEDED', 503)
  // then what was acknowledged is there when it is back, and what was not can be repeated
  await cluster.start()
  let after = ''
  await until('messages are accepted again', () =>
    alice.send(room, 'meanwhile', { txnId: 'meanwhile' }).then(
      ({ event_id: eventId }) => {
        after = eventId
        return true
      },
      (error: unknown) => {
        if (error instanceof Refusal && error.status === 503) return false
        throw error
      },
    ),
  )
  expect((await alice.send(room, 'before', { txnId: 'before' })).event_id).toBe(before)
  const timeline = await bob.timeline(room, { type: 'm.room.message' })
  expect(timeline.map((event) => event.event_id)).toEqual([before, after])
  const told = await bob.syncRoom(room)
  expect(told?.timeline.events.map((event) => event.event_id)).toContain(after)
}, 60_000)
