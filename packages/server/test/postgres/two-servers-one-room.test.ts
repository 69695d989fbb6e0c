import { expect, test } from 'vitest'
import { deliveryFaults, eventIds, Follower, Refusal, turns, type User } from '../harness/index.ts'
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

/**
 * Has three users talk in one room through two servers at once, and holds that everything acknowledged is there once, in
 * one line, and told by both servers in the same order.
 * @param send sends a message; throws where that fails for good.
 * @param meanwhile what else happens as long as they talk, at each server.
 * @returns what could not be sent, and what has become of drafts.
 */
async function hammer(
  send: (user: User, room: string, body: string) => Promise<{ event_id: string }>,
  meanwhile: (user: User, room: string, n: number) => Promise<unknown>,
) {
  const { a, atA, atB } = await twoReplicas(['alice', 'bob', 'carol'])
  const room = await roomElsewhere(a, atA.alice, [atA.bob, atA.carol])
  const users = [atA, atB].flatMap((at) => [at.alice, at.bob, at.carol])
  const followers = [new Follower(atA.carol), new Follower(atB.carol)]
  for (const follower of followers) await follower.poll()
  const start = followers.map((follower) => follower.seen(room).length)
  const before = await draftsOf(a)
  const sent: string[] = []
  const talk = async (user: User, who: number) => {
    for (let n = 0; n < MESSAGES; n += 1) sent.push((await send(user, room, `${who} says ${n}`)).event_id)
  }
  let isTalking = true
  const beside = [
    ...followers.map(async (follower) => {
      while (isTalking) await follower.poll()
    }),
    ...[atA.alice, atB.alice].map(async (user) => {
      for (let n = 0; isTalking; n += 1) await meanwhile(user, room, n)
    }),
  ]
  const talks = await Promise.allSettled(users.map(talk))
  isTalking = false
  await Promise.all(beside)
  for (const follower of followers) await follower.catchUp()
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
  expect(await atA.alice.now()).toBe(await atB.alice.now())
  expect(await gapsIn(a.server)).toBe(0)
  // each event stands on the one before it
  const parents = await parentsIn(a.server, room)
  expect(parents.filter(({ length }) => length !== 1)).toEqual([])
  expect(new Set(parents.flat()).size).toBe(parents.length)
  const after = await draftsOf(a)
  return {
    failed: talks.flatMap((talk) => (talk.status === 'rejected' ? [String(talk.reason)] : [])),
    forwarded: after.forwarded - before.forwarded,
    fellBack: after.fellBack - before.fellBack,
  }
}

const sendOnce = (user: User, room: string, body: string) => user.send(room, body, { txnId: body })

test('messages to one room through two servers: nobody is turned away, nothing forks, both tell the same', async () => {
  const outcome = await hammer(sendOnce, () => turns(1))
  expect(outcome).toEqual({ failed: [], forwarded: 3 * MESSAGES, fellBack: 0 })
})

test('beside changes of state at both servers everything acknowledged is there once, and nothing forks', async () => {
  const { failed } = await hammer(
    (user, room, body) => patiently(() => sendOnce(user, room, body)),
    (user, room, n) => patiently(() => user.setState(room, 'm.room.topic', { topic: `${n}` })),
  )
  expect(failed).toEqual([])
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
