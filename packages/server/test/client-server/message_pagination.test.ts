import { describe, expect, test } from 'vitest'
import { bodies, type ClientEvent, eventIds, path, refused, testServer, type User } from '../harness/index.ts'

async function pagesOf(user: User, room: string, dir: 'b' | 'f', limit: number): Promise<ClientEvent[][]> {
  const pages: ClientEvent[][] = []
  let from: string | undefined
  do {
    const page = await user.messages(room, { dir, limit, ...(from !== undefined && { from }) })
    expect(page.chunk.length).toBeLessThanOrEqual(limit)
    pages.push([...page.chunk])
    from = page.end
  } while (from !== undefined)
  return pages
}

describe('getRoomEvents', () => {
  test.each([1, 2, 7, 100])('pages of %d have every event once, in both directions', async (limit) => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    for (let n = 0; n < 20; n += 1) await alice.send(room, `m${n}`)
    const forwards = eventIds((await pagesOf(alice, room, 'f', limit)).flat())
    const backwards = eventIds((await pagesOf(alice, room, 'b', limit)).flat())
    expect(new Set(forwards).size).toBe(forwards.length)
    expect(backwards.reverse()).toEqual(forwards)
    expect(bodies(await alice.timeline(room))).toEqual(Array.from({ length: 20 }, (_, n) => `m${n}`))
  })

  test('back and forth between two tokens', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    for (let n = 0; n < 10; n += 1) await alice.send(room, `m${n}`)
    const back = await alice.messages(room, { dir: 'b', limit: 3 })
    expect(bodies(back.chunk)).toEqual(['m9', 'm8', 'm7'])
    const forth = await alice.messages(room, { dir: 'f', from: back.end!, limit: 10 })
    expect(bodies(forth.chunk)).toEqual(['m7', 'm8', 'm9'])
    const upTo = await alice.messages(room, { dir: 'b', from: back.start, to: back.end!, limit: 10 })
    expect(bodies(upTo.chunk)).toEqual(['m9', 'm8', 'm7'])
  })

  test('the live end can be followed', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    const since = await alice.now()
    await alice.send(room, 'one')
    const first = await alice.messages(room, { dir: 'f', from: since })
    expect(bodies(first.chunk)).toEqual(['one'])
    await alice.send(room, 'two')
    const second = await alice.messages(room, { dir: 'f', from: first.end! })
    expect(bodies(second.chunk)).toEqual(['two'])
  })

  test('limits and directions', async () => {
    const { alice } = await testServer({ users: ['alice'] })
    const room = await alice.createRoom()
    await alice.send(room, 'one')
    expect((await alice.messages(room, { limit: 1_000_000 })).chunk.length).toBeGreaterThan(1)
    await refused(alice.messages(room, { limit: -1 }), 'M_INVALID_PARAM', 400)
    await refused(alice.get(path`/rooms/${room}/messages`, { dir: 'sideways' }), 'M_INVALID_PARAM', 400)
    await refused(alice.messages(room, { from: 'nonsense' }), 'M_INVALID_PARAM', 400)
    await refused(alice.messages(room, { filter: '[' }), 'M_NOT_JSON', 400)
    await refused(alice.messages('!none:example.org'), 'M_FORBIDDEN', 403)
  })
})

describe('getEventContext', () => {
  test('an event and those around it, with state and tokens to go on', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob], { name: 'then' })
    const sent: string[] = []
    for (let n = 0; n < 11; n += 1) sent.push((await alice.send(room, `m${n}`)).event_id)
    await alice.setState(room, 'm.room.name', { name: 'now' })
    interface Context {
      readonly start: string
      readonly end: string
      readonly event: ClientEvent
      readonly events_before: readonly ClientEvent[]
      readonly events_after: readonly ClientEvent[]
      readonly state: readonly ClientEvent[]
    }
    const context = await bob.get<Context>(path`/rooms/${room}/context/${sent[5]!}`, { limit: 4 })
    expect(context.event.event_id).toBe(sent[5])
    expect(bodies(context.events_before)).toEqual(['m4', 'm3'])
    expect(bodies(context.events_after)).toEqual(['m6', 'm7'])
    expect(context.state.find(({ type }) => type === 'm.room.name')?.content).toEqual({ name: 'then' })
    expect(bodies((await bob.messages(room, { from: context.start, limit: 2 })).chunk)).toEqual(['m2', 'm1'])
    expect(bodies((await bob.messages(room, { dir: 'f', from: context.end, limit: 2 })).chunk)).toEqual(['m8', 'm9'])
  })

  test('not for outsiders, not of what is not there', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoom()
    const { event_id: eventId } = await alice.send(room, 'x')
    await refused(bob.get(path`/rooms/${room}/context/${eventId}`), 'M_FORBIDDEN', 403)
    await refused(alice.get(path`/rooms/${room}/context/${`$${'n'.repeat(43)}`}`), 'M_NOT_FOUND', 404)
  })
})
