import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type KeyHash, seededKeyHash } from './state-key.ts'
import { StateTree } from './state-tree.ts'
import { collidingHash, members, ROOM, ROOM_STATE, SEED, TestRoom } from './test-room.ts'
import { EMPTY_TREE, LEAF_CAPACITY, type StateEntry } from './tree-node.ts'
import type { StateChange } from './tree-update.ts'

const TYPES = ['m.room.member', 'm.room.name', 'm.space.child', 'org.example.a', 'org.example.b', '', 'ü\u0000']
const key = fc.record({
  type: fc.constantFrom(...TYPES),
  stateKey: fc.oneof(
    fc.constant(''),
    fc.nat(60).map((n) => `@user${n}:example.org`),
    fc.string({ unit: 'grapheme', maxLength: 4 }),
  ),
})
const change: fc.Arbitrary<StateChange> = fc
  .tuple(
    key,
    fc.oneof(
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 2 ** 53 - 1 }) },
      { weight: 2, arbitrary: fc.constant(undefined) },
    ),
  )
  .map(([key, event]) => ({ ...key, event }))
const history = fc.array(fc.array(change, { maxLength: 40 }), { maxLength: 8 })

/** The plain map a tree must agree with. */
class Model {
  readonly entriesByKey = new Map<string, StateEntry>()
  apply(changes: readonly StateChange[]): this {
    for (const { type, stateKey, event } of changes) {
      const key = JSON.stringify([type, stateKey])
      if (event === undefined) this.entriesByKey.delete(key)
      else this.entriesByKey.set(key, { type, stateKey, event })
    }
    return this
  }
  entries(): StateEntry[] {
    return sorted([...this.entriesByKey.values()])
  }
}

const byKey = (a: { type: string; stateKey: string }, b: { type: string; stateKey: string }): number => {
  const [x, y] = [JSON.stringify([a.type, a.stateKey]), JSON.stringify([b.type, b.stateKey])]
  return x < y ? -1 : x > y ? 1 : 0
}
const sorted = <T extends { type: string; stateKey: string }>(items: T[]): T[] => items.sort(byKey)

function naiveDiff(before: Model, after: Model): unknown[] {
  const keys = new Map([...before.entriesByKey, ...after.entriesByKey])
  const rows = [...keys].map(([key, { type, stateKey }]) => ({
    type,
    stateKey,
    before: before.entriesByKey.get(key)?.event,
    after: after.entriesByKey.get(key)?.event,
  }))
  return sorted(rows.filter(({ before, after }) => before !== after))
}

const hashes: readonly (readonly [string, KeyHash])[] = [
  ['the seeded hash', seededKeyHash(SEED)],
  ['a hash of three paths', collidingHash(3)],
  ['a hash of one path', collidingHash(1)],
]

describe.each(hashes)('with %s', (_, keyHash) => {
  test('the tree is the map after every change, at once or through promises, and old roots stay', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.boolean(), async (batches, delayed) => {
        const room = new TestRoom({ keyHash, delayed })
        const roots = [{ root: room.root, entries: new Model().entries() }]
        const model = new Model()
        for (const batch of batches) {
          await room.change(batch)
          roots.push({ root: room.root, entries: model.apply(batch).entries() })
        }
        for (const { root, entries } of roots) {
          expect(sorted(await room.tree.entries(ROOM, root))).toEqual(entries)
          expect(await room.tree.count(ROOM, root)).toBe(entries.length)
          const keys = [...entries, { type: 'm.room.topic', stateKey: '' }]
          expect(await room.tree.getMany(ROOM, root, keys)).toEqual([...entries.map(({ event }) => event), undefined])
        }
      }),
      { numRuns: 60 },
    )
  })

  test('the same map has the same set hash and the same chunks when built at once, whatever its history', async () => {
    await fc.assert(
      fc.asyncProperty(history, async (batches) => {
        const room = new TestRoom({ keyHash })
        const model = new Model()
        for (const batch of batches) {
          await room.change(batch)
          model.apply(batch)
        }
        // given the map in one change, in another order, and once more by way of other entries
        const fresh = new TestRoom({ keyHash })
        await fresh.change(model.entries().reverse())
        const detour = new TestRoom({ keyHash })
        await detour.change(batches.flat())
        expect(await room.tree.setHash(ROOM, room.root)).toBe(await fresh.tree.setHash(ROOM, fresh.root))
        expect(detour.chunks).toEqual(fresh.chunks)
        // then also the shape agrees: the same nodes are met in the same order
        const [a, b] = [room.tree.nodesRead, fresh.tree.nodesRead]
        expect(await room.tree.entries(ROOM, room.root)).toEqual(await fresh.tree.entries(ROOM, fresh.root))
        expect(room.tree.nodesRead - a).toBe(fresh.tree.nodesRead - b)
      }),
      { numRuns: 60 },
    )
  })

  test('a difference is the naive difference, and none where maps are equal', async () => {
    await fc.assert(
      fc.asyncProperty(history, history, fc.boolean(), async (ours, theirs, delayed) => {
        const room = new TestRoom({ keyHash, delayed })
        const [before, after] = [new Model(), new Model()]
        for (const batch of ours) await room.change(batch)
        const a = room.root
        before.apply(ours.flat())
        // given a fork from the middle of one history or from nothing
        const shared = theirs.length % 2 === 0
        if (!shared) await room.change([], EMPTY_TREE)
        if (shared) after.apply(ours.flat())
        for (const batch of theirs) await room.change(batch)
        after.apply(theirs.flat())
        expect(sorted(await room.tree.diff(ROOM, a, room.root))).toEqual(naiveDiff(before, after))
        const filter = { types: ['m.room.member', 'org.example.a'], notTypes: ['org.example.b'] }
        expect(sorted(await room.tree.diff(ROOM, a, room.root, filter))).toEqual(
          naiveDiff(before, after).filter((row) => filter.types.includes((row as { type: string }).type)),
        )
      }),
      { numRuns: 60 },
    )
  })

  test('filters choose entries by type', async () => {
    await fc.assert(
      fc.asyncProperty(history, fc.option(fc.subarray(TYPES)), fc.subarray(TYPES), async (batches, types, notTypes) => {
        const room = new TestRoom({ keyHash })
        await room.change(batches.flat())
        const expected = new Model().apply(batches.flat()).entries()
        const entries = await room.tree.entries(ROOM, room.root, { types: types ?? undefined, notTypes })
        expect(sorted(entries)).toEqual(
          expected.filter(({ type }) => (types?.includes(type) ?? true) && !notTypes.includes(type)),
        )
      }),
      { numRuns: 60 },
    )
  })
})

test('removing entries one by one leaves, at every step, the tree that the remaining ones make', async () => {
  const room = new TestRoom()
  const all = [...ROOM_STATE, ...members(60, 100)]
  await room.change(all)
  for (const [i, { type, stateKey }] of all.entries()) {
    const { root } = await room.change([{ type, stateKey, event: undefined }])
    const fresh = new TestRoom()
    await fresh.change(all.slice(i + 1))
    const [a, b] = [room.tree.nodesRead, fresh.tree.nodesRead]
    expect(await room.tree.entries(ROOM, root)).toEqual(await fresh.tree.entries(ROOM, fresh.root))
    expect(room.tree.nodesRead - a).toBe(fresh.tree.nodesRead - b)
    expect(await room.tree.setHash(ROOM, root)).toBe(await fresh.tree.setHash(ROOM, fresh.root))
  }
  expect(room.root).toBe(EMPTY_TREE)
})

test('equal events for different keys, and swapped ones, differ in their set hash', async () => {
  const room = new TestRoom()
  const hashOf = async (changes: StateChange[]): Promise<string> => {
    return room.tree.setHash(ROOM, (await room.change(changes, EMPTY_TREE)).root)
  }
  const [a, b] = [
    { type: 'm.room.member', stateKey: '@a:x' },
    { type: 'm.room.member', stateKey: '@b:x' },
  ]
  const seen = [
    await hashOf([{ ...a, event: 1 }]),
    await hashOf([{ ...b, event: 1 }]),
    await hashOf([
      { ...a, event: 1 },
      { ...b, event: 2 },
    ]),
    await hashOf([
      { ...a, event: 2 },
      { ...b, event: 1 },
    ]),
    await hashOf([]),
  ]
  expect(new Set(seen).size).toBe(seen.length)
})

test('an update that leaves the map as it is answers with the same root and no chunk', async () => {
  const room = new TestRoom()
  const { root } = await room.change([...ROOM_STATE, ...members(100, 100)])
  const same = await room.change([...ROOM_STATE, { type: 'm.room.member', stateKey: '@nobody:x', event: undefined }])
  expect(same).toEqual({ root, chunks: [], nextChunk: room.nextChunk })
})

test('of two changes of one key the later one counts', async () => {
  const room = new TestRoom()
  await room.change([2, 5, undefined, 9].map((event) => ({ type: 'm.room.name', stateKey: '', event })))
  expect(room.tree.get(ROOM, room.root, 'm.room.name', '')).toBe(9)
})

test('what a tree cannot hold is refused, and looking for it finds nothing', async () => {
  const room = new TestRoom()
  const entry = { type: 'm.room.name', stateKey: '' }
  await expect(room.change([{ ...entry, event: 0 }])).rejects.toThrow(RangeError)
  await expect(room.change([{ ...entry, event: 1.5 }])).rejects.toThrow(RangeError)
  await expect(room.change([{ ...entry, stateKey: '\ud800', event: 1 }])).rejects.toThrow('lone surrogate')
  await expect(room.tree.update(ROOM, EMPTY_TREE, [], 0)).rejects.toThrow('chunk IDs')
  await room.change([{ ...entry, stateKey: '\ufffd', event: 1 }])
  expect(room.tree.get(ROOM, room.root, 'm.room.name', '\ud800')).toBeUndefined()
})

test('a bulk build fills several chunks and pauses, so that other work can run', async () => {
  let pauses = 0
  const chunks = new Map<number, Uint8Array>()
  const source = { chunk: (_: number, id: number) => chunks.get(id) ?? new Uint8Array() }
  const pause = async (): Promise<void> => void pauses++
  const tree = new StateTree({ source, seed: SEED, pause })
  const update = await tree.update(ROOM, EMPTY_TREE, members(10_000, 1), 5)
  for (const { id, bytes } of update.chunks) chunks.set(id, bytes)
  expect(update.chunks.map(({ id }) => id)).toEqual(update.chunks.map((_, i) => 5 + i))
  expect(update.nextChunk).toBe(5 + update.chunks.length)
  expect(Math.max(...update.chunks.map(({ bytes }) => bytes.length))).toBeLessThan(66_000)
  expect(pauses).toBeGreaterThan(10)
  const batches: number[] = []
  for await (const batch of tree.entryBatches(ROOM, update.root)) batches.push(batch.length)
  expect(Math.max(...batches)).toBeLessThanOrEqual(64 * LEAF_CAPACITY)
  expect(batches.reduce((sum, size) => sum + size)).toBe(10_000)
})

test('in a room of 10,000 members a change writes little and touches few nodes', async () => {
  // given the room
  const room = new TestRoom()
  const joins = members(10_000, 1_000_000)
  await room.change(ROOM_STATE)
  await room.change(joins)
  const { tree } = room
  const nodesOf = async (work: () => unknown): Promise<number> => {
    const before = tree.nodesRead
    await work()
    return tree.nodesRead - before
  }
  // when members and now and then another entry change 20,000 times
  let bytes = 0
  let most = 0
  let mostDiff = 0
  for (let i = 0; i < 20_000; i++) {
    const entry = i % 20 === 0 ? ROOM_STATE[(i / 20) % ROOM_STATE.length] : joins[(i * 7_919) % joins.length]
    const before = room.root
    const nodes = await nodesOf(async () => {
      const { chunks } = await room.change([{ type: 'm.room.name', stateKey: '', ...entry, event: 2_000_000 + i * 10 }])
      expect(chunks.length).toBe(1)
      for (const chunk of chunks) bytes += chunk.bytes.length
    })
    most = Math.max(most, nodes)
    if (i % 10 === 0) mostDiff = Math.max(mostDiff, await nodesOf(() => tree.diff(ROOM, before, room.root)))
  }
  // then
  expect(bytes / 20_000).toBeLessThan(375)
  expect(most).toBeLessThanOrEqual(6)
  expect(mostDiff).toBeLessThanOrEqual(12)
  expect(await nodesOf(() => tree.get(ROOM, room.root, 'm.room.power_levels', ''))).toBe(2)
  expect(
    await nodesOf(() => tree.get(ROOM, room.root, 'm.room.member', '@user5:server5.example.org')),
  ).toBeLessThanOrEqual(6)
  // and leaving out the members, or asking for one type, does not walk them
  expect(await nodesOf(() => tree.entries(ROOM, room.root, { notTypes: ['m.room.member'] }))).toBeLessThanOrEqual(3)
  expect(await nodesOf(() => tree.entries(ROOM, room.root, { types: ['m.room.name'] }))).toBe(2)
  // and a tree of the same entries built apart is seen to be equal by its root
  const again = await room.change(await tree.entries(ROOM, room.root), EMPTY_TREE)
  const [ours, theirs] = [await room.change([], room.root), again]
  expect(await nodesOf(() => tree.diff(ROOM, ours.root, theirs.root))).toBeLessThanOrEqual(2)
})

test('reachable chunks are those that keep a root readable, each once', async () => {
  const room = new TestRoom()
  const roots: number[] = []
  for (const change of [...ROOM_STATE, ...members(300, 100), ...members(200, 900)]) {
    roots.push((await room.change([change])).root)
  }
  const kept = [roots[200], roots[400], room.root].filter((root) => root !== undefined)
  const expected = await Promise.all(kept.map((root) => room.tree.entries(ROOM, root)))
  const reachable: number[] = []
  for await (const id of room.tree.reachableChunks(ROOM, kept)) reachable.push(id)
  expect(new Set(reachable).size).toBe(reachable.length)
  expect(reachable.length).toBeLessThan(room.chunks.size)
  for (const id of room.chunks.keys()) if (!reachable.includes(id)) room.chunks.delete(id)
  expect(await Promise.all(kept.map((root) => room.tree.entries(ROOM, root)))).toEqual(expected)
})
