import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { commonType, commonTypeCode, FIRST_HASHED_SLOT, HASHED_SLOTS } from './common-types.ts'
import { StateTreeError } from './state-tree-error.ts'
import { collidingHash, members, ROOM, ROOM_STATE, TestRoom } from './test-room.ts'
import { chunkOf, indexOf, nodeRef, TreeNode } from './tree-node.ts'

const hex = (bytes: Uint8Array | undefined): string => Buffer.from(bytes ?? []).toString('hex')

test('frozen: the bytes of a leaf', async () => {
  const room = new TestRoom()
  await room.change([
    { type: 'm.room.member', stateKey: '@a:x', event: 300 },
    { type: 'm.room.create', stateKey: '', event: 1 },
    { type: 'y', stateKey: 'é', event: 2 },
  ])
  const create = '000001'
  const member = 'f0044' + '0613a78' + 'ac02'
  const spelled = 'ff0179' + '02c3a9' + '02'
  expect(hex(room.chunks.get(1))).toBe(`0100${'06'}${create}${member}${spelled}`)
})

test('frozen: the bytes of larger trees, their paths and set hashes', async () => {
  const room = new TestRoom()
  await room.change([...ROOM_STATE, { type: 'org.example.type', stateKey: 'k', event: 77 }, ...members(500, 1_000)])
  await room.change(members(1, 70_000))
  const digest = createHash('sha256')
  for (const bytes of room.chunks.values()) digest.update(bytes)
  expect(digest.digest('hex')).toMatchInlineSnapshot(
    `"17c5c8c7e5fe030d337fba087ac98f855bc2d5b1bef612659551bf548f4db50a"`,
  )
  expect(await room.tree.setHash(ROOM, room.root)).toMatchInlineSnapshot(`"84c9453e5eea856013c088fac7b424ea"`)
  expect(hex(room.chunks.get(room.nextChunk - 1))).toMatchInlineSnapshot(
    `"0103200048007b0002f01a4075736572303a736572766572302e6578616d706c652e6f7267f0a2042f55ccba7fa8a4e4b0db8c27003d070fe07e9b0f4e0f4f0f500f510f520f530f54000f560f570f58e907556b02c4da9c5052ec43c8387ab3f3e7ffff0f0f0f1f0f2f0f3e0f4d010f670f750f8a0f990fa70fb80fc70fd50fe20ff0fb07ea24b4c7fa88c0136085ea5e3e45c98403a008090a02"`,
  )
})

test('frozen: the table of common types', () => {
  const table = Array.from({ length: 256 }, (_, code) => [code, commonType(code)] as const).filter(([, type]) => type)
  expect(createHash('sha256').update(JSON.stringify(table)).digest('hex')).toMatchInlineSnapshot(
    `"484532b6e237a9f03676f1ebf13e6d17afb2ed3325448ed318d215adb2b94533"`,
  )
  for (const [code, type] of table) {
    expect(commonTypeCode(type ?? '')).toBe(code)
    expect(code < FIRST_HASHED_SLOT || code >= FIRST_HASHED_SLOT + HASHED_SLOTS).toBe(true)
    expect(code === 0xf0).toBe(code >> 4 === 0xf)
  }
})

test('references stay exact up to the largest chunk', () => {
  for (const chunk of [1, 2 ** 31, 2 ** 44]) {
    const ref = nodeRef(chunk, 255)
    expect([Number.isSafeInteger(ref), chunkOf(ref), indexOf(ref)]).toEqual([true, chunk, 255])
  }
})

test('large chunk IDs and event numbers read back', async () => {
  const room = new TestRoom()
  room.nextChunk = 2 ** 44 - 1
  await room.change(members(40, Number.MAX_SAFE_INTEGER - 100))
  await room.change(members(1, 5))
  expect(room.tree.get(ROOM, room.root, 'm.room.member', '@user39:server39.example.org')).toBe(
    Number.MAX_SAFE_INTEGER - 61,
  )
  expect(room.tree.get(ROOM, room.root, 'm.room.member', '@user0:server0.example.org')).toBe(5)
})

test('a bucket of full collisions may exceed the capacity, and a chunk its usual size', async () => {
  const room = new TestRoom({ keyHash: collidingHash(1) })
  const entries = Array.from({ length: 400 }, (_, i) => ({
    type: 't',
    stateKey: `${i}${'x'.repeat(200)}`,
    event: i + 1,
  }))
  await room.change(entries)
  expect(await room.tree.count(ROOM, room.root)).toBe(400)
  expect(room.chunks.get(1)?.length).toBeGreaterThan(70_000)
  expect(room.tree.getMany(ROOM, room.root, entries)).toEqual(entries.map(({ event }) => event))
})

test('corrupt bytes: a precise error names room, chunk, node and place', () => {
  const ref = nodeRef(3, 0)
  const open = (...bytes: number[]): TreeNode => new TreeNode(ROOM, ref, Uint8Array.from(bytes))
  expect(() => open()).toThrow('state tree of room 7, chunk 3, node 0: unknown format undefined')
  expect(() => open(9, 0, 2)).toThrow('unknown format 9')
  expect(() => new TreeNode(ROOM, nodeRef(3, 4), Uint8Array.of(1, 0, 2))).toThrow('node 4: chunk has 1 nodes')
  expect(() => open(1, 0)).toThrow('node from 2 to 2')
  expect(() => open(1, 1, 9, 0, 2)).toThrow('node from 4 to 13')
  expect(() => open(1, 0, 0)).toThrow('leaf without entries')
  expect(() => open(1, 0, 3)).toThrow('inner node of 1 entries')
  expect(() => open(1, 0, 41, 0, 0)).toThrow('bytes end at 5, 18 more expected')
  expect(() => open(1, 0, 2, 0x7f, 0, 1).entries(() => true)).toThrow('unknown type code 127')
  expect(() => open(1, 0, 2, 0, 0, 0).packedEntries()).toThrow('event number 0')
  expect(() => open(1, 0, 2, 0, 0, 1, 1).packedEntries()).toThrow('entries end at 6, the leaf at 7')
  expect(() => open(1, 0, 4, 1, 0, 9, 1, 0, 9).packedEntries()).toThrow('key out of order at byte 6')
  expect(() => open(1, 0, 2, 0, 9, 1).find(Uint8Array.of(1, 0))).toThrow('9 more expected')
})

test('corrupt bytes: a reference that does not point backwards is refused, so no walk can loop', () => {
  const hash = new Array(16).fill(0)
  for (const ref of [1, 2, 24, 32, 7]) {
    const bytes = Uint8Array.from([1, 0, 41, ...hash, 1, 0, ref, ...(ref === 7 ? [9] : [])])
    const node = new TreeNode(ROOM, nodeRef(3, 0), bytes)
    expect(() => node.child(0)).toThrow('does not precede its parent')
    expect(() => node.children()).toThrow(StateTreeError)
  }
})

test('corrupt bytes: whatever is altered or cut off, every operation ends, with a result or a StateTreeError', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.boolean(),
      async (which, where, flip, cut) => {
        const room = new TestRoom()
        await room.change([...ROOM_STATE, ...members(120, 50)])
        const before = room.root
        await room.change(members(30, 900))
        const id = 1 + (which % room.chunks.size)
        const bytes = Uint8Array.from(room.chunks.get(id) ?? [])
        const at = where % bytes.length
        bytes[at] = (bytes[at] ?? 0) ^ flip
        room.chunks.set(id, cut ? bytes.subarray(0, at) : bytes)
        const attempts = [
          () => room.tree.entries(ROOM, room.root),
          () => room.tree.diff(ROOM, before, room.root),
          async () => room.tree.getMany(ROOM, room.root, members(120, 1)),
          async () => room.tree.setHash(ROOM, room.root),
          () => room.tree.update(ROOM, room.root, members(60, 5_000), 100),
          () =>
            room.tree.update(
              ROOM,
              room.root,
              members(120, 1).map((change) => ({ ...change, event: undefined })),
              100,
            ),
          async () => {
            for await (const _ of room.tree.reachableChunks(ROOM, [room.root]));
          },
        ]
        for (const attempt of attempts) {
          const error = await attempt().then(
            () => undefined,
            (error: unknown) => error,
          )
          if (error !== undefined) expect(error).toBeInstanceOf(StateTreeError)
        }
      },
    ),
    { numRuns: 300 },
  )
})
