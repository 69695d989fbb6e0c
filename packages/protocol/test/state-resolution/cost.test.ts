import { describe, expect, test } from 'vitest'
import {
  conflictOfStates,
  parseUserId,
  ResolutionLimitError,
  type ResolvedEntry,
  resolveState,
  type StateConflict,
  type UserId,
} from '../../src/index.ts'
import { roomVersion } from '../room-builder.ts'
import { alice, bob, carol, joinRule, member, Story, topic } from './named-conflicts.ts'
import { keyOf } from './reference.ts'
import { type CountingSource, entriesOf, type Fork } from './room-graph.ts'

const user = (number: number): UserId => parseUserId(`@user${number}:b.example`)

/** Many joins at once, none of which follows another: each state is copied, and rooms here are large. */
function grow(story: Story, fork: Fork, members: number): Fork {
  const state = new Map(fork.state)
  for (let number = 0; number < members; number++) {
    const joined = story.graph.force(fork, member(user(number), 'join'))
    state.set(keyOf('m.room.member', user(number)), joined.last!)
  }
  return { ...fork, state }
}

interface Cost {
  readonly entries: readonly ResolvedEntry[]
  readonly source: CountingSource
  /** Entries looked up of those on which the forks agree. */
  readonly lookedUp: number
}

async function costOf(story: Story, forks: readonly Fork[], authDepths = false): Promise<Cost> {
  const source = story.graph.source({ authDepths })
  const whole = conflictOfStates(forks.map(({ state }) => [...entriesOf(state)]))
  let lookedUp = 0
  const conflict: StateConflict = {
    conflicted: whole.conflicted,
    unconflicted: (keys) => {
      lookedUp += keys.length
      return whole.unconflicted(keys)
    },
    // biome-ignore lint/correctness/useYield: it must not be asked for
    async *unconflictedEvents() {
      throw new Error('the whole state was asked for')
    },
  }
  const entries = await resolveState(story.graph.roomId, conflict, source, story.graph.version)
  return { entries, source, lookedUp }
}

const algorithms = [roomVersion('11'), roomVersion('12'), { ...roomVersion('11'), stateResolution: 'v1' } as const]

describe.each(algorithms)('the cost of $stateResolution', (version) => {
  /** A room of some members in which `renamed` of them take another name, some on one fork, some on the other. */
  async function cost(members: number, renamed: number): Promise<Cost> {
    const story = new Story(version)
    const start = grow(story, story.found({ [bob]: 50 }, [bob]), members)
    const rename = (number: number) => member(user(number), 'join', user(number), { displayname: 'New' })
    const names = Array.from({ length: renamed }, (_, number) => rename(number))
    const half = renamed / 2
    return await costOf(story, [
      story.on(start, ...names.slice(0, half), topic(bob, 'one')),
      story.on(start, ...names.slice(half), topic(alice, 'two')),
    ])
  }

  test('does not depend on the number of members', async () => {
    const small = await cost(100, 10)
    const large = await cost(10_000, 10)
    expect(large.entries).toHaveLength(11)
    expect(large.source.counts).toEqual(small.source.counts)
    expect(large.lookedUp).toBe(small.lookedUp)
  })

  test('grows with the conflict alone', async () => {
    const ten = await cost(500, 10)
    const hundred = await cost(500, 100)
    expect(ten.source.counts.loaded).toBeLessThan(10 * 4 + 10)
    expect(hundred.source.counts.loaded).toBeLessThan(100 * 4 + 10)
    expect(hundred.source.counts.loads).toBe(ten.source.counts.loads)
    expect(hundred.lookedUp).toBeLessThan(100 * 16)
  })
})

describe.each([roomVersion('11'), roomVersion('12')])('in room version $id', (version) => {
  test('new power levels in a large room cost no look at its members', async () => {
    const counts = []
    for (const members of [100, 10_000]) {
      const story = new Story(version)
      const start = grow(story, story.found({ [bob]: 50 }, [bob]), members)
      const { source } = await costOf(
        story,
        [
          story.on(start, story.levels(alice, { [bob]: 60 }), member(user(1), 'ban', bob)),
          story.on(start, joinRule(alice, 'invite'), member(user(2), 'leave', bob)),
        ],
        true,
      )
      counts.push(source.counts)
    }
    expect(counts[1]).toEqual(counts[0])
  })

  test('events of late cost no walk through a long history of power levels', async () => {
    const loaded = []
    for (const changes of [10, 500]) {
      const story = new Story(version)
      let start = story.found({ [bob]: 50 }, [bob])
      for (let level = 0; level < changes; level++)
        start = story.on(start, story.levels(alice, { [bob]: 50 + (level % 9) }))
      // Who is of the conflict joined of late: a mainline position is found by going back to where it is.
      start = story.on(start, member(carol, 'join'))
      const { source } = await costOf(
        story,
        [
          story.on(start, member(carol, 'join', carol, { displayname: 'Carol' })),
          story.on(start, topic(alice, 'hello'), story.levels(alice, {})),
        ],
        true,
      )
      loaded.push(source.counts)
    }
    expect(loaded[1]).toEqual(loaded[0])
  })

  test('a resolution that would look at too many events is refused', async () => {
    const story = new Story(version)
    const start = story.found({ [bob]: 50 }, [bob])
    const forks = [story.on(start, topic(bob, 'one')), story.on(start, topic(alice, 'two'))]
    const conflict = conflictOfStates(forks.map(({ state }) => [...entriesOf(state)]))
    const attempt = (limit: number) => resolveState(story.graph.roomId, conflict, story.graph.source(), version, limit)
    await expect(attempt(3)).rejects.toThrow(ResolutionLimitError)
    await expect(attempt(30)).resolves.toHaveLength(1)
  })
})
