import { describe, expect, test } from 'vitest'
import { type RoomSection, testServer, type User } from '../harness/index.ts'

const LAZY = { room: { state: { lazy_load_members: true }, timeline: { limit: 2 } } }

function members(section: RoomSection | undefined): string[] {
  const events = section?.state.events ?? []
  return events
    .flatMap(({ type, state_key: key }) => (type === 'm.room.member' && key !== undefined ? [key] : []))
    .sort()
}

async function roomOfFive() {
  const server = await testServer({ users: ['alice', 'bob', 'carol', 'dave', 'erin'] })
  const { alice, bob, carol, dave, erin } = server
  const room = await alice.createRoomWith([bob, carol, dave, erin], { name: 'named, so without heroes' })
  return { ...server, room }
}

const ids = (...users: User[]) => users.map(({ userId }) => userId).sort()

describe('lazily loaded members', () => {
  test('only the senders of the timeline and the reader are told', async () => {
    const { alice, bob, erin, room } = await roomOfFive()
    await alice.send(room, 'a')
    await bob.send(room, 'b')
    const section = await erin.syncRoom(room, { filter: LAZY })
    expect(members(section)).toEqual(ids(alice, bob, erin))
    expect(section!.state.events.map(({ type }) => type)).toContain('m.room.create')
  })

  test('a member is told once to a device, and again to another', async () => {
    const { alice, bob, erin, room } = await roomOfFive()
    await alice.send(room, 'a')
    await alice.send(room, 'a')
    const first = await erin.sync({ filter: LAZY })
    await alice.send(room, 'a')
    await bob.send(room, 'b')
    const second = await erin.syncRoom(room, { since: first.next_batch, filter: LAZY })
    expect(members(second)).toEqual(ids(bob))
    const tablet = await erin.onAnotherDevice()
    expect(members(await tablet.syncRoom(room, { since: first.next_batch, filter: LAZY }))).toEqual(ids(alice, bob))
  })

  test('an answer that never arrived is told again', async () => {
    const { alice, bob, erin, room } = await roomOfFive()
    await alice.send(room, 'a')
    const first = await erin.sync({ filter: LAZY })
    await bob.send(room, 'b')
    const lost = await erin.syncRoom(room, { since: first.next_batch, filter: LAZY })
    const again = await erin.syncRoom(room, { since: first.next_batch, filter: LAZY })
    expect(members(again)).toEqual(members(lost))
    expect(members(again)).toEqual(ids(bob))
  })

  test('redundant members where they are wanted', async () => {
    const { alice, erin, room } = await roomOfFive()
    const filter = { room: { ...LAZY.room, state: { lazy_load_members: true, include_redundant_members: true } } }
    await alice.send(room, 'a')
    const first = await erin.sync({ filter })
    await alice.send(room, 'a')
    expect(members(await erin.syncRoom(room, { since: first.next_batch, filter }))).toEqual(ids(alice))
  })

  test('a membership that changes within a gap is told, loaded lazily or not', async () => {
    const { alice, bob, erin, room } = await roomOfFive()
    const first = await erin.sync({ filter: LAZY })
    await bob.leave(room)
    for (let n = 0; n < 4; n += 1) await alice.send(room, 'a')
    const section = await erin.syncRoom(room, { since: first.next_batch, filter: LAZY })
    expect(section!.timeline.limited).toBe(true)
    expect(section!.summary).toMatchObject({ 'm.joined_member_count': 4 })
    // bob spoke nowhere in this timeline; without lazy loading his leaving is state
    const whole = await erin.syncRoom(room, {
      since: first.next_batch,
      filter: { room: { timeline: { limit: 2 } } },
    })
    expect(members(whole)).toEqual(ids(bob))
  })

  test('heroes are told where they name the room', async () => {
    const { alice, bob } = await testServer({ users: ['alice', 'bob'] })
    const room = await alice.createRoomWith([bob])
    await alice.send(room, 'a')
    await alice.send(room, 'a')
    const section = await alice.syncRoom(room, { filter: LAZY })
    expect(section!.summary).toMatchObject({ 'm.heroes': [bob.userId] })
    expect(members(section)).toEqual(ids(alice, bob))
  })

  test('/messages has the members of its senders', async () => {
    const { alice, bob, erin, room } = await roomOfFive()
    await alice.send(room, 'a')
    await bob.send(room, 'b')
    const page = await erin.messages(room, { limit: 2, filter: JSON.stringify({ lazy_load_members: true }) })
    expect(page.state!.map(({ state_key: key }) => key).sort()).toEqual(ids(alice, bob))
  })
})
