import fc from 'fast-check'
import { expect, test } from 'vitest'
import { StateSweep } from './state-sweep.ts'
import { members, ROOM, ROOM_STATE, TestRoom } from './test-room.ts'
import type { StateChange } from './tree-update.ts'

const change: fc.Arbitrary<StateChange> = fc.record({
  type: fc.constantFrom('m.room.member', 'm.room.name', 'org.example.a'),
  stateKey: fc.integer({ min: 0, max: 60 }).map((n) => `@user${n}:example.org`),
  event: fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined, freq: 8 }),
})

/** Chunks of a room that a sweep finds to be dead, with a room that goes on while it is under way. */
async function sweep(room: TestRoom, roots: number[], meanwhile: (step: number) => Promise<void>): Promise<number[]> {
  const sweep = new StateSweep(ROOM, [...roots, room.root])
  let newFrom = room.nextChunk
  const dead: number[] = []
  for (let id = room.nextChunk - 1; id >= 1; id -= 1) {
    await meanwhile(id)
    for (; newFrom < room.nextChunk; newFrom += 1) {
      sweep.admit({ id: newFrom, bytes: room.chunks.get(newFrom)! }, id + 1)
    }
    const bytes = room.chunks.get(id)!
    if (!sweep.isNeeded({ id, bytes })) dead.push(id)
  }
  return dead
}

test('a sweep finds just the chunks that no kept root needs', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 5, maxLength: 120 }),
      fc.infiniteStream(fc.boolean()),
      async (changes, keeps) => {
        const room = new TestRoom()
        const roots: number[] = []
        for (const each of changes) {
          const { root } = await room.change([each])
          if (keeps.next().value === true) roots.push(root)
        }
        const dead = await sweep(room, roots, async () => undefined)
        const reachable: number[] = []
        for await (const id of room.tree.reachableChunks(ROOM, [...roots, room.root])) reachable.push(id)
        const expected = [...room.chunks.keys()].filter((id) => !reachable.includes(id))
        expect(dead.sort((a, b) => a - b)).toEqual(expected)
      },
    ),
    { numRuns: 60 },
  )
})

test('what is built meanwhile, on any tree that was there at the beginning, stays whole', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(change, { minLength: 5, maxLength: 80 }),
      fc.array(fc.tuple(fc.nat(), change), { maxLength: 20 }),
      async (changes, later) => {
        const room = new TestRoom()
        const kept: number[] = []
        for (const [i, each] of changes.entries()) {
          const { root } = await room.change([each])
          if (i % 3 === 0) kept.push(root)
        }
        kept.push(room.root)
        const made: number[] = []
        const queue = [...later]
        const dead = await sweep(room, kept, async () => {
          const next = queue.shift()
          if (next === undefined) return
          // An event may build on any that is kept, or on one that came meanwhile.
          const bases = [...kept, ...made]
          made.push((await room.change([next[1]], bases[next[0] % bases.length])).root)
        })
        const before = await Promise.all([...kept, ...made].map((root) => room.tree.entries(ROOM, root)))
        for (const id of dead) room.chunks.delete(id)
        expect(await Promise.all([...kept, ...made].map((root) => room.tree.entries(ROOM, root)))).toEqual(before)
      },
    ),
    { numRuns: 60 },
  )
})

test('what a sweep remembers is about one tree, however long the history', async () => {
  const room = new TestRoom()
  await room.change([...ROOM_STATE, ...members(300, 100)])
  for (let i = 0; i < 2_000; i += 1) {
    await room.change([
      { type: 'm.room.member', stateKey: `@user${i % 300}:server${(i % 300) % 97}.example.org`, event: 5_000 + i },
    ])
  }
  const one = new Set<number>()
  for await (const id of room.tree.reachableChunks(ROOM, [room.root])) one.add(id)
  const sweep = new StateSweep(ROOM, [room.root])
  let most = 0
  let dead = 0
  for (let id = room.nextChunk - 1; id >= 1; id -= 1) {
    if (!sweep.isNeeded({ id, bytes: room.chunks.get(id)! })) dead += 1
    most = Math.max(most, sweep.size)
  }
  expect(dead).toBe(room.chunks.size - one.size)
  expect(most).toBeLessThan(300)
})
