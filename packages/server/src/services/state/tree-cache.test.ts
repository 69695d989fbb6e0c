import { expect, test } from 'vitest'
import { StateTree } from './state-tree.ts'
import { members, ROOM, SEED, TestRoom } from './test-room.ts'
import { MAX_LOAD, TreeCache } from './tree-cache.ts'

/** A store of chunks that notes what is loaded. */
function storeOf(chunks: ReadonlyMap<number, Uint8Array>, maxBytes = 1_000_000) {
  const loads: (readonly number[])[] = []
  const cache = new TreeCache({
    maxBytes,
    load: async (_room, ids) => {
      loads.push(ids)
      return new Map([...chunks].filter(([id]) => ids.includes(id)))
    },
  })
  return { cache, loads }
}

const chunk = (id: number, size = 10) => ({ id, bytes: new Uint8Array(size).fill(id) })

test('a chunk is loaded once, however many ask for it, and then served at once', async () => {
  const { cache, loads } = storeOf(new Map([[1, chunk(1).bytes]]))
  const [a, b] = await Promise.all([cache.chunk(ROOM, 1), cache.chunk(ROOM, 1)])
  expect(a).toBe(b)
  expect(cache.chunk(ROOM, 1)).toBe(a)
  expect(loads).toEqual([[1]])
  expect(cache.stats).toMatchObject({ hits: 1, misses: 2, chunks: 1 })
})

test('chunks asked for in one turn are loaded together, in bounded portions, and each room by itself', async () => {
  const chunks = new Map(Array.from({ length: 250 }, (_, i) => [i + 1, chunk(i + 1).bytes]))
  const { cache, loads } = storeOf(chunks)
  await Promise.all([...chunks.keys()].map((id) => cache.chunk(ROOM, id)))
  expect(loads.map((ids) => ids.length)).toEqual([MAX_LOAD, MAX_LOAD, 50])
  await Promise.all([cache.chunk(8, 1), cache.chunk(9, 1)])
  expect(loads.length).toBe(5)
})

test('a missing chunk and a failed load reject, and the next request tries again', async () => {
  const chunks = new Map<number, Uint8Array>()
  const { cache } = storeOf(chunks)
  await expect(cache.chunk(ROOM, 4)).rejects.toMatchObject({ kind: 'missing', room: ROOM, chunk: 4 })
  chunks.set(4, chunk(4).bytes)
  expect(await cache.chunk(ROOM, 4)).toBe(chunks.get(4))
  const failing = new TreeCache({ maxBytes: 1_000, load: () => Promise.reject(new Error('disk')) })
  await expect(Promise.all([failing.chunk(ROOM, 1), failing.chunk(ROOM, 2)])).rejects.toThrow('disk')
  const throwing = new TreeCache({
    maxBytes: 1_000,
    load: () => {
      throw new Error('closed')
    },
  })
  await expect(throwing.chunk(ROOM, 1)).rejects.toThrow('closed')
})

test('committed chunks are held within the bound, the ones used lately the longest', async () => {
  const chunks = new Map([1, 2, 3, 4].map((id) => [id, chunk(id, 1_000).bytes]))
  const { cache, loads } = storeOf(chunks, 3_900)
  for (const id of [1, 2, 3, 1, 4]) await cache.chunk(ROOM, id)
  expect(cache.stats.bytes).toBeLessThanOrEqual(3_900)
  expect(cache.chunk(ROOM, 1)).toBe(chunks.get(1))
  await cache.chunk(ROOM, 2)
  expect(loads.flat()).toEqual([1, 2, 3, 4, 2])
})

test('pinned chunks are served and kept whatever the bound, until they are committed or refused', async () => {
  const { cache, loads } = storeOf(new Map(), 1)
  const pinned = [chunk(1, 500), chunk(2, 500), chunk(3, 500)]
  cache.pin(ROOM, pinned)
  expect(pinned.map(({ id }) => cache.chunk(ROOM, id))).toEqual(pinned.map(({ bytes }) => bytes))
  expect(cache.stats).toMatchObject({ pinnedChunks: 3, pinnedBytes: 1_500 })
  expect(() => cache.pin(ROOM, [chunk(9), chunk(3)])).toThrow('already pinned')
  // when one is committed (too large for the bound) and one refused
  cache.unpin(ROOM, [chunk(1, 500)])
  cache.discard(ROOM, [chunk(2, 500)])
  expect(cache.stats).toMatchObject({ pinnedChunks: 1, pinnedBytes: 500, chunks: 0 })
  await expect(cache.chunk(ROOM, 2)).rejects.toThrow('no such chunk')
  expect(loads).toEqual([[2]])
  // then the refused ID can be used again
  cache.pin(ROOM, [chunk(2, 20)])
  expect(cache.chunk(ROOM, 2)).toHaveLength(20)
})

test('unpinned chunks stay at hand without a load', () => {
  const { cache, loads } = storeOf(new Map())
  cache.pin(ROOM, [chunk(1)])
  cache.unpin(ROOM, [chunk(1)])
  expect(cache.chunk(ROOM, 1)).toEqual(chunk(1).bytes)
  expect(loads).toEqual([])
})

test('rooms do not share chunks, also where their numbers are large', async () => {
  const { cache } = storeOf(new Map())
  for (const [room, id] of [
    [1, 2 ** 31 + 5],
    [2, 5],
    [2 ** 30, 5],
    [2 ** 30 + 1, 5],
  ] as const) {
    cache.pin(room, [{ id, bytes: Uint8Array.of(room % 251) }])
  }
  expect(cache.chunk(1, 2 ** 31 + 5)).toEqual(Uint8Array.of(1))
  expect(cache.chunk(2, 5)).toEqual(Uint8Array.of(2))
  expect(cache.chunk(2 ** 30 + 1, 5)).toEqual(Uint8Array.of((2 ** 30 + 1) % 251))
})

test('a tree that reads through the cache loads a cold room level by level, and answers at once when warm', async () => {
  const room = new TestRoom()
  for (const change of members(600, 1)) await room.change([change])
  const { cache, loads } = storeOf(room.chunks)
  const tree = new StateTree({ source: cache, seed: SEED })
  const entries = await tree.entries(ROOM, room.root)
  expect(entries).toEqual(await room.tree.entries(ROOM, room.root))
  expect(loads.length).toBeLessThan(20)
  expect(tree.get(ROOM, room.root, 'm.room.member', '@user7:server7.example.org')).toBe(8)
  const cold = storeOf(room.chunks)
  const keys = members(50, 1)
  const found = new StateTree({ source: cold.cache, seed: SEED }).getMany(ROOM, room.root, keys)
  expect(found).toBeInstanceOf(Promise)
  expect(await found).toEqual(keys.map(({ event }) => event))
  expect(cold.loads.length).toBeLessThanOrEqual(5)
})
