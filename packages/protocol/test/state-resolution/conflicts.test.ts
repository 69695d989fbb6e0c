import { describe, expect, test } from 'vitest'
import { conflictOfStates, type EventId, parseRoomId, type RoomVersion, resolveState } from '../../src/index.ts'
import { roomVersion } from '../room-builder.ts'
import {
  alice,
  bob,
  carol,
  create,
  dave,
  erin,
  joinRule,
  member,
  namedConflicts,
  Story,
  topic,
  withEntryOf,
} from './named-conflicts.ts'
import { keyOf } from './reference.ts'
import { EMPTY_FORK, entriesOf, type Fork } from './room-graph.ts'

const v11 = roomVersion('11')
const v12 = roomVersion('12')

/** The content of one entry after the resolution; `undefined` if there is none. */
async function contentAfter(
  { graph, states }: ReturnType<Story['conflict']>,
  type: string,
  stateKey = '',
): Promise<unknown> {
  const conflict = conflictOfStates(states.map((state) => [...entriesOf(state)]))
  const entries = await resolveState(graph.roomId, conflict, graph.source(), graph.version)
  const entry = entries.find(({ key }) => key[0] === type && key[1] === stateKey)
  return graph.pdu(entry ? entry.eventId : states[0]!.get(keyOf(type, stateKey)))?.content
}

function last(fork: Fork): EventId {
  return fork.last!
}

describe.each([v11, v12])('in room version $id', (version) => {
  const named = () => namedConflicts(version)

  test('a ban beats what the banned did at the same time', async () => {
    expect(await contentAfter(named()['a ban and a topic of the banned']!, 'm.room.topic')).toBeUndefined()
    const renamed = named()['a ban and a rename of the banned']!
    expect(await contentAfter(renamed, 'm.room.member', carol)).toEqual({ membership: 'ban' })
  })

  test('nobody joins a room that was closed at the same time', async () => {
    const conflict = named()['a room closes while somebody joins']!
    expect(await contentAfter(conflict, 'm.room.member', carol)).toBeUndefined()
    expect(await contentAfter(conflict, 'm.room.join_rules')).toEqual({ join_rule: 'invite' })
  })

  test('of two who demote each other the more powerful wins, whoever was first', async () => {
    const story = new Story(version)
    const start = story.found({ [bob]: 50, [carol]: 100 }, [bob, carol])
    const first = { ...story.levels(bob, { [bob]: 50, [carol]: 100, [dave]: 50 }), ts: 2_000 }
    const conflict = story.conflict(
      story.on(start, first),
      story.on(start, { ...story.levels(carol, { [bob]: 0, [carol]: 100 }), ts: 9_000 }),
    )
    const { users } = (await contentAfter(conflict, 'm.room.power_levels')) as { users: Record<string, number> }
    expect(users[bob]).toBe(0)
    expect(users[dave]).toBeUndefined()
  })

  test('of two equals the earlier is applied first, so that the later stands if it still may', async () => {
    const story = new Story(version)
    const start = story.found({}, [bob])
    const conflict = story.conflict(
      story.on(start, { ...joinRule(alice, 'knock'), ts: 3_000 }),
      story.on(start, { ...joinRule(alice, 'invite'), ts: 2_000 }),
    )
    expect(await contentAfter(conflict, 'm.room.join_rules')).toEqual({ join_rule: 'knock' })
  })

  test('a topic under newer power levels beats one under older, whatever their times', async () => {
    const story = new Story(version)
    const start = story.found({ [bob]: 50 }, [bob])
    const conflict = story.conflict(
      story.on(start, { ...topic(bob, 'old levels'), ts: 9_000 }),
      story.on(start, story.levels(alice, { [bob]: 60 }), { ...topic(alice, 'new levels'), ts: 2_000 }),
    )
    expect(await contentAfter(conflict, 'm.room.topic')).toEqual({ topic: 'new levels' })
  })

  test('events that are not known are taken for absent', async () => {
    const story = new Story(version)
    const start = story.found({ [bob]: 50 }, [bob])
    const known = story.on(start, topic(bob, 'known'))
    const unknown = story.on(start, topic(bob, 'unknown'), topic(bob, 'still unknown'))
    story.graph.events.delete(last(unknown))
    expect(await contentAfter(story.conflict(known, unknown), 'm.room.topic')).toEqual({ topic: 'known' })
    story.graph.events.delete(last(known))
    expect(await contentAfter(story.conflict(known, unknown), 'm.room.topic')).toBeUndefined()
  })

  test('events of which an auth event is not known are judged without it', async () => {
    const story = new Story(version)
    const start = story.found({ [bob]: 50 }, [bob])
    const renamed = story.on(start, member(bob, 'join', bob, { displayname: 'Bob' }))
    const conflict = story.conflict(story.on(renamed, topic(bob, 'hello')), story.on(start, topic(alice, 'hi')))
    story.graph.events.delete(last(renamed))
    // Bob's membership is the one that is known, of the other fork.
    expect(await contentAfter(conflict, 'm.room.topic')).toEqual({ topic: 'hi' })
  })

  test('an event of another room is taken for absent', async () => {
    const story = new Story(version)
    const start = story.found({ [bob]: 50 }, [bob])
    const own = story.on(start, topic(bob, 'own'))
    const foreign = story.on(start, topic(alice, 'foreign'))
    const event = story.graph.events.get(last(foreign))!
    story.graph.events.set(last(foreign), { ...event, roomId: parseRoomId('!elsewhere:a.example') })
    expect(await contentAfter(story.conflict(own, foreign), 'm.room.topic')).toEqual({ topic: 'own' })
  })

  test('what its own auth events refused stays out, what only a state refused is judged again', async () => {
    for (const [rejectedBy, expected] of [
      ['auth-events', undefined],
      ['state', { topic: 'by bob' }],
    ] as const) {
      const story = new Story(version)
      const start = story.found({ [bob]: 50 }, [bob])
      const rejected = story.graph.force(start, topic(bob, 'by bob'), rejectedBy)
      expect(await contentAfter(story.conflict(start, rejected), 'm.room.topic')).toEqual(expected)
    }
  })
})

test.each([
  [undefined, { topic: 'by bob' }],
  ['state', undefined],
  ['auth-events', undefined],
] as const)('an auth event gives permission unless it was rejected (%s)', async (rejectedBy, expected) => {
  const story = new Story(v12)
  const start = story.found({}, [bob, carol])
  // Carol may not promote bob, so this is never applied to the state; the topic can only fall back on it.
  const promoted = story.graph.force(start, story.levels(carol, { [bob]: 50 }), rejectedBy)
  const titled = story.graph.force(promoted, topic(bob, 'by bob'))
  const conflict = story.conflict(start, withEntryOf(start, titled, 'm.room.topic'))
  expect(await contentAfter(conflict, 'm.room.topic')).toEqual(expected)
})

test('with two create events the later one stands, and nothing breaks', async () => {
  const story = new Story(v11)
  const start = story.found({ [bob]: 50 }, [bob])
  const second = story.graph.force(EMPTY_FORK, { ...create, content: { creator: alice, second: true } })
  const forks = story.conflict(start, { ...start, state: withEntryOf(start, second, 'm.room.create') })
  expect(await contentAfter(forks, 'm.room.create')).toEqual({ creator: alice, second: true })
  expect(await contentAfter(story.conflict(second, start), 'm.room.member', bob)).toEqual({ membership: 'join' })
})

describe('events that cite one another in a circle', () => {
  /** Only room versions with assigned event IDs can have them; other servers would have refused them. */
  function circle(version: RoomVersion): { story: Story; forks: readonly Fork[] } {
    const story = new Story(version)
    const start = story.found({ [bob]: 50 }, [bob, carol])
    const banned = story.on(start, member(carol, 'ban', bob))
    const unbanned = story.on(banned, member(carol, 'leave', alice))
    const ban = story.graph.events.get(last(banned))!
    const pdu = { ...ban.pdu, auth_events: [...ban.pdu.auth_events, last(unbanned)] }
    story.graph.events.set(last(banned), { ...ban, pdu })
    return { story, forks: [unbanned, story.on(start, topic(bob, 'hello'))] }
  }

  test.each([{ ...v11, stateResolution: 'v1' } as const, v11, v12])(
    'are ignored by $stateResolution',
    async (version) => {
      const { story, forks } = circle(version)
      const conflict = story.conflict(...forks)
      expect(await contentAfter(conflict, 'm.room.topic')).toEqual({ topic: 'hello' })
    },
  )

  test('end a line of power levels', async () => {
    const story = new Story(v11)
    const start = story.found({ [bob]: 50 }, [bob])
    const raised = story.on(start, story.levels(alice, { [bob]: 60 }))
    const levels = story.graph.events.get(start.state.get(keyOf('m.room.power_levels', ''))!)!
    const pdu = { ...levels.pdu, auth_events: [...levels.pdu.auth_events, last(raised)] }
    story.graph.events.set(levels.eventId, { ...levels, pdu })
    const conflict = story.conflict(story.on(raised, topic(alice, 'a')), story.on(raised, topic(bob, 'b')))
    expect(await contentAfter(conflict, 'm.room.topic')).toEqual({ topic: 'b' })
    expect(await contentAfter(story.conflict(raised, start), 'm.room.member', bob)).toEqual({ membership: 'join' })
  })
})

describe('resets of state that version 2.1 ends', () => {
  test('join rules whose sender has left', async () => {
    const name = 'the sender of the join rules has left'
    expect(await contentAfter(namedConflicts(v11)[name]!, 'm.room.join_rules')).toBeUndefined()
    expect(await contentAfter(namedConflicts(v12)[name]!, 'm.room.join_rules')).toEqual({ join_rule: 'invite' })
  })

  test('power levels of long ago in one state', async () => {
    const name = 'power levels of long ago'
    const levels = (version: RoomVersion) => contentAfter(namedConflicts(version)[name]!, 'm.room.power_levels')
    expect(await levels(v11)).not.toHaveProperty(['users', carol])
    expect(await levels(v12)).toHaveProperty(['users', carol], 50)
    expect(await contentAfter(namedConflicts(v12)[name]!, 'm.room.member', erin)).toEqual({ membership: 'join' })
  })
})
