import { describe, expect, test } from 'vitest'
import { bodies, type ClientEvent, eventIds, refused, testServer, type User } from '../harness/index.ts'

/** What a client does about a gap: pages back from `prev_batch` until it meets what it has. */
async function closeGap(user: User, room: string, prevBatch: string, known: readonly string[]): Promise<ClientEvent[]> {
  const found: ClientEvent[] = []
  let from: string | undefined = prevBatch
  while (from !== undefined) {
    const page = await user.messages(room, { from, limit: 4 })
    for (const event of page.chunk) {
      if (known.includes(event.event_id)) return found.reverse()
      found.push(event)
    }
    from = page.end
  }
  return found.reverse()
}

describe('gaps', () => {
  test('limited, prev_batch and /messages together leave out nothing and repeat nothing', async () => {
    // given bob has seen the room up to some point
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    await alice.send(room, 'seen')
    const before = await bob.sync({ filter: { room: { timeline: { limit: 50 } } } })
    const known = eventIds(before.rooms!.join![room]!.timeline.events)
    // when he misses more than a timeline holds
    const missed: string[] = []
    for (let n = 1; n <= 25; n += 1) missed.push((await alice.send(room, `m${n}`)).event_id)
    const section = await bob.syncRoom(room, {
      since: before.next_batch,
      filter: { room: { timeline: { limit: 5 } } },
    })
    // then timeline and pages make up exactly what he missed
    expect(section!.timeline.limited).toBe(true)
    const gap = await closeGap(bob, room, section!.timeline.prev_batch, known)
    expect([...eventIds(gap), ...eventIds(section!.timeline.events)]).toEqual(missed)
  })

  test('a timeline as long as what was missed is not limited', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    const since = await bob.now()
    for (let n = 1; n <= 5; n += 1) await alice.send(room, `m${n}`)
    const limit = (count: number) => ({ since, filter: { room: { timeline: { limit: count } } } })
    expect((await bob.syncRoom(room, limit(5)))!.timeline).toMatchObject({ limited: false })
    expect((await bob.syncRoom(room, limit(4)))!.timeline).toMatchObject({ limited: true })
  })

  test('state that changed within the gap is in the state section, what changed later is not', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob], { name: 'old' })
    const since = await bob.now()
    await alice.setState(room, 'm.room.name', { name: 'within' })
    for (let n = 1; n <= 5; n += 1) await alice.send(room, `m${n}`)
    await alice.setState(room, 'm.room.topic', { topic: 'later' })
    const section = await bob.syncRoom(room, { since, filter: { room: { timeline: { limit: 3 } } } })
    expect(section!.state.events.map(({ type }) => type)).toEqual(['m.room.name'])
    expect(section!.timeline.events.map(({ type }) => type)).toEqual([
      'm.room.message',
      'm.room.message',
      'm.room.topic',
    ])
  })

  test('prev_batch of an initial sync pages to the beginning', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    for (let n = 1; n <= 15; n += 1) await alice.send(room, `m${n}`)
    const section = await bob.syncRoom(room, { filter: { room: { timeline: { limit: 4 } } } })
    const older = await closeGap(bob, room, section!.timeline.prev_batch, [])
    const all = [...older, ...section!.timeline.events]
    expect(all[0]!.type).toBe('m.room.create')
    expect(bodies(all)).toEqual(Array.from({ length: 15 }, (_, n) => `m${n + 1}`))
    expect(eventIds(all)).toEqual(eventIds(await bob.timeline(room)))
  })

  test('gaps close in busy rooms: whatever others do meanwhile', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const rooms = [await alice.createRoomWith([bob]), await alice.createRoomWith([bob])]
    const sent = new Map<string, string[]>(rooms.map((room) => [room, []]))
    const seen = new Map<string, string[]>(rooms.map((room) => [room, []]))
    let since = await bob.now()
    for (let round = 0; round < 6; round += 1) {
      const count = [2, 30, 1, 0, 70, 7][round]!
      await Promise.all(
        rooms.flatMap((room) =>
          Array.from({ length: count }, async (_, n) => {
            const { event_id: id } = await alice.send(room, `r${round} m${n}`)
            sent.get(room)!.push(id)
          }),
        ),
      )
      const news = await bob.sync({ since, filter: { room: { timeline: { limit: 10 } } } })
      for (const [room, { timeline }] of Object.entries(news.rooms?.join ?? {})) {
        const known = seen.get(room)!
        if (timeline.limited) {
          // What was before the first sync is told apart by its type.
          const gap = await closeGap(bob, room, timeline.prev_batch, known)
          known.push(...eventIds(gap.filter(({ type }) => type === 'm.room.message')))
        }
        known.push(...eventIds(timeline.events))
      }
      since = news.next_batch
    }
    for (const room of rooms) {
      expect([...seen.get(room)!].sort()).toEqual([...sent.get(room)!].sort())
      expect(seen.get(room)).toEqual(eventIds(await alice.timeline(room, { type: 'm.room.message' })))
    }
  })
})

describe('tokens of another incarnation of the database', () => {
  test('are answered by a resync, never by an error', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    await alice.send(room, 'hello')
    const now = await bob.now()
    // a token as another incarnation would have given it: the form is the server's, the epoch is not
    const [form, , position] = now.split('.')
    for (const foreign of [`${form}.0000000000.${position}`, `${form}.0000000000.999999`, `${form}.0000000000.1`]) {
      const reply = await bob.sync({ since: foreign })
      expect(bodies(reply.rooms!.join![room]!.timeline.events)).toEqual(['hello'])
      expect(reply.next_batch).toBe(now)
      expect(bodies((await bob.messages(room, { from: foreign, dir: 'b' })).chunk)).toEqual(['hello'])
    }
  })

  test('a token from ahead, as after a restore, is answered by a resync', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    const now = await alice.now()
    const ahead = now.replace(/\d+$/, (position) => String(Number(position) + 100))
    expect((await alice.sync({ since: ahead })).rooms?.join).toHaveProperty([room])
  })

  test('what has not the form of a token is refused', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    for (const token of ['s1', 's1.x', 's2.abc.1', 's1.abc.-1', 's1.abc.1e3', 'x'.repeat(3_000)]) {
      await refused(alice.sync({ since: token }), 'M_INVALID_PARAM', 400)
      await refused(alice.messages(room, { from: token }), 'M_INVALID_PARAM', 400)
    }
  })
})
