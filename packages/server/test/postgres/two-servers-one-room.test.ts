import { expect, test } from 'vitest'
import { deliveryFaults, eventIds, Follower, Refusal, type User } from '../harness/index.ts'
import type { Server } from '../../src/server.ts'
import { draftsOf, roomElsewhere, twoReplicas } from './two-replicas.ts'

/** Messages that each user sends through each server. */
const MESSAGES = 20

/** As a client does: again while the server is too busy. */
async function patiently<T>(attempt: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof Refusal) || error.status !== 503) throw error
    }
  }
}

test('two servers hammer one room: nobody is turned away, nothing forks, and both tell the same', async () => {
  const { a, b, atA, atB } = await twoReplicas(['alice', 'bob', 'carol'])
  const room = await roomElsewhere(a, atA.alice, [atA.bob, atA.carol])
  const users = [atA, atB].flatMap((at) => [at.alice, at.bob, at.carol])
  const followers = [new Follower(atA.carol), new Follower(atB.carol)]
  for (const follower of followers) await follower.poll()
  const start = followers.map((follower) => follower.seen(room).length)
  // when every user talks through both servers, and the room's topic changes at both all the while
  const sent: string[] = []
  const talk = async (user: User, who: number) => {
    for (let n = 0; n < MESSAGES; n += 1) {
      // No patience: a 503 fails the test.
      sent.push((await user.send(room, `${who} says ${n}`, { txnId: `${who}-${n}` })).event_id)
    }
  }
  let isTalking = true
  const following = followers.map(async (follower) => {
    while (isTalking) await follower.poll()
  })
  const changeTopic = async (user: User) => {
    for (let n = 0; isTalking; n += 1) {
      await patiently(() => user.setState(room, 'm.room.topic', { topic: `${n} of ${user.transport === a.transport}` }))
    }
  }
  const changing = [atA.alice, atB.alice].map(changeTopic)
  await Promise.all(users.map(talk)).finally(() => {
    isTalking = false
  })
  await Promise.all([...changing, ...following])
  for (const follower of followers) await follower.catchUp()
  // then everything acknowledged is there once, in one order, and clients of both servers heard it so
  expect(new Set(sent).size).toBe(users.length * MESSAGES)
  const timeline = eventIds(await atA.alice.timeline(room, { type: 'm.room.message' }))
  expect(timeline.toSorted()).toEqual(sent.toSorted())
  expect(eventIds(await atB.alice.timeline(room, { type: 'm.room.message' }))).toEqual(timeline)
  const faults = followers.flatMap((follower, n) => {
    const heard = follower
      .seen(room)
      .slice(start[n])
      .filter(({ type }) => type === 'm.room.message')
    return deliveryFaults(`follower ${n}`, timeline, eventIds(heard))
  })
  expect(faults).toEqual([])
  // both know of the same end of the stream, and each position of it is one change
  const positions = await Promise.all([atA.alice.now(), atB.alice.now()])
  expect(positions[0]).toBe(positions[1])
  expect(await gapsIn(a.server)).toBe(0)
  // and each event stands on the one before it
  const parents = await parentsIn(a.server, room)
  expect(parents.filter(({ length }) => length !== 1)).toEqual([])
  expect(new Set(parents.flat()).size).toBe(parents.length)
  // most of what came to the one was sent by the other
  expect((await draftsOf(b)).fellBack + (await draftsOf(a)).fellBack).toBe(0)
  expect((await draftsOf(a)).forwarded).toBeGreaterThanOrEqual(3 * MESSAGES)
})

/** How many positions of the stream no change has. */
async function gapsIn({ database }: Server): Promise<number> {
  const query = database.query({ scan: true })((q) => q.selectFrom('changes').select('position').orderBy('position'))
  const positions = (await database.scan(query, {})).map(({ position }) => position)
  return positions.at(-1)! - positions[0]! + 1 - positions.length
}

/** The `prev_events` of each event of a room but the first. */
async function parentsIn({ database }: Server, room: string): Promise<string[][]> {
  const query = database.query<{ room: string }>({ scan: true })((q, p) =>
    q
      .selectFrom('events')
      .innerJoin('rooms', 'rooms.room_nid', 'events.room_nid')
      .select('events.json')
      .where('rooms.room_id', '=', p.room)
      .where('events.type', '<>', 'm.room.create'),
  )
  const rows = await database.scan(query, { room })
  return rows.map(({ json }) => (JSON.parse(json) as { prev_events: string[] }).prev_events)
}
