import { statSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { SqliteDatabase } from '../src/platform/database/sqlite/sqlite-database.ts'
import { members, ROOM, ROOM_STATE, TestRoom } from '../src/services/state/test-room.ts'
import type { StateChange } from '../src/services/state/tree-update.ts'
import { RoomStore } from '../src/storage/room-store.ts'
import type { Schema } from '../src/storage/schema.ts'
import { StateNodeStore } from '../src/storage/state-node-store.ts'
import { temporaryFolder } from './harness/index.ts'

const MEMBERS = 10_000
const CHANGES = 20_000
/** Changes handed to the database at once. */
const BATCH = 500
/** Of the database file, for state alone: the nodes, and the rows that say which state was the room's when. */
const MAX_BYTES_PER_CHANGE = 600

test('a room of 10,000 members grows by less than 600 bytes of file per change of its state', async () => {
  // given the room
  const path = join(temporaryFolder(), 'homeserver.db')
  const open = () =>
    SqliteDatabase.open<Schema>({
      path,
      migrations: new URL('../src/storage/migrations/', import.meta.url),
      synchronous: 'OFF',
    })
  let database = await open()
  const room = new TestRoom()
  const joins = members(MEMBERS, 1_000_000)
  let position = 0
  const store = async (changes: readonly StateChange[]) => {
    const { chunks, root } = await room.change(changes)
    const nodes = new StateNodeStore(database)
    position += 3
    const rows = chunks.map(({ id, bytes }) => nodes.insert(ROOM, id, bytes))
    return { statements: [...rows, new RoomStore(database).insertState(ROOM, position, root)] }
  }
  await database.write(await store([...ROOM_STATE, ...joins]))
  await database.close()
  const before = statSync(path).size
  // when its state changes 20,000 times, each time that of a member or, now and then, something else
  database = await open()
  const [nodes, rooms] = [new StateNodeStore(database), new RoomStore(database)]
  let mostNodes = 0
  for (let start = 0; start < CHANGES; start += BATCH) {
    const writes: Promise<unknown>[] = []
    for (let i = start; i < start + BATCH; i += 1) {
      const entry = i % 20 === 0 ? ROOM_STATE[(i / 20) % ROOM_STATE.length]! : joins[(i * 7_919) % MEMBERS]!
      const previous = room.root
      const { chunks, root } = await room.change([{ ...entry, event: 2_000_000 + i * 3 }])
      position += 3
      const rows = chunks.map(({ id, bytes }) => nodes.insert(ROOM, id, bytes))
      writes.push(database.write({ statements: [...rows, rooms.insertState(ROOM, position, root)] }))
      if (i % 97 !== 0) continue
      const read = room.tree.nodesRead
      expect(await room.tree.diff(ROOM, previous, root)).toHaveLength(1)
      mostNodes = Math.max(mostNodes, room.tree.nodesRead - read)
    }
    await Promise.all(writes)
  }
  await database.close()
  // then the file has grown by little, and what lies between two states is found in a few nodes
  const bytesPerChange = (statSync(path).size - before) / CHANGES
  expect(bytesPerChange).toBeLessThan(MAX_BYTES_PER_CHANGE)
  expect(bytesPerChange).toBeGreaterThan(300)
  expect(mostNodes).toBeLessThanOrEqual(12)
}, 60_000)
