import { parseRoomId, type RoomVersion } from '@magik/protocol'
import type { RawRoom } from '../../storage/check-store.ts'
import { StagedChunks } from '../state/staged-chunks.ts'
import { EMPTY_TREE } from '../state/tree-node.ts'
import { type Checking, messageOf, readState } from './checking.ts'
import { aboutRoom } from './findings.ts'

/**
 * Checks a room's head and the history of its current state: the state is what the states after the forward extremities
 * resolve to, and the newest of `room_states`; all of those can be read.
 */
export async function checkRoomState(deps: Checking, room: RawRoom, version: RoomVersion): Promise<void> {
  const { findings, checkStore } = deps
  const about = aboutRoom(room)
  if (room.state_root === null || room.next_chunk === null) {
    await findings.add({ about, what: 'it has no head' })
    return
  }
  const greatestChunk = await checkStore.greatestChunk(room.room_nid)
  if (greatestChunk >= room.next_chunk) {
    await findings.add({
      about,
      what: `its state tree has chunk ${greatestChunk}, and ${room.next_chunk} counts as free`,
    })
  }
  await checkHistory(deps, room, about)
  try {
    const resolved = await resolvedHash(deps, room, version)
    if (resolved !== undefined && resolved !== (await deps.tree.setHash(room.room_nid, room.state_root))) {
      await findings.add({ about, what: 'its current state is not what its forward extremities resolve to' })
    }
  } catch (error) {
    await findings.add({ about, what: `its current state cannot be resolved anew: ${messageOf(error)}` })
  }
  const [deepest] = await checkStore.acceptedBefore(room.room_nid, Number.MAX_SAFE_INTEGER, 0)
  if (deepest !== undefined && room.depth !== null && deepest.depth > room.depth) {
    await findings.add({ about, what: `its greatest depth is ${deepest.depth}, its head says ${room.depth}` })
  }
}

/** The set hash of what the forward extremities resolve to; undefined for a room without any. */
async function resolvedHash(deps: Checking, room: RawRoom, version: RoomVersion): Promise<string | undefined> {
  const { events, forkResolver, roomStore, tree, treeCache } = deps
  const { room_nid: roomNid } = room
  const row = await roomStore.findByNid(roomNid)
  if (row === undefined || row.head.forwardExtremities.length === 0) return undefined
  const roots: number[] = []
  for (const { eventNid } of row.head.forwardExtremities) {
    roots.push((await events.get(eventNid)).stateAfter ?? EMPTY_TREE)
  }
  const staged = new StagedChunks(treeCache, roomNid, row.head.nextChunk)
  try {
    const roomId = parseRoomId(room.room_id)
    return await tree.setHash(roomNid, await forkResolver.resolve({ roomNid, roomId, version }, roots, staged))
  } finally {
    staged.discard()
  }
}

async function checkHistory(deps: Checking, room: RawRoom, about: string): Promise<void> {
  const { findings, checkStore } = deps
  const { room_nid: roomNid } = room
  let newest: { readonly position: number; readonly root: number } | undefined
  for (;;) {
    const page = await checkStore.roomStates(roomNid, newest?.position ?? 0)
    if (page.length === 0) break
    for (const row of page) {
      try {
        await readState(deps, roomNid, newest?.root ?? EMPTY_TREE, row.root)
      } catch (error) {
        await findings.add({
          about,
          what: `its state from position ${row.position} on cannot be read: ${messageOf(error)}`,
        })
      }
      newest = row
    }
  }
  const root = newest?.root ?? EMPTY_TREE
  if (root === room.state_root) return
  await findings.add({
    about,
    what: `its current state has root ${room.state_root}, the newest of its history is ${root}`,
  })
}
