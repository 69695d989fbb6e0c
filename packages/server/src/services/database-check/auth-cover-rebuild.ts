import type { Database } from '../../platform/database/database.ts'
import type { RawRoom } from '../../storage/check-store.ts'
import type { Schema } from '../../storage/schema.ts'
import { nextTurn } from '../../platform/clock/next-turn.ts'
import { CoverWriter } from '../state/auth-chains/cover-writer.ts'
import { EMPTY_TREE } from '../state/tree-node.ts'
import type { Checking } from './checking.ts'

/**
 * Removes a room's chain cover and auth edges, and covers the states that its next events and forks start from. Done in
 * chunks that leave the cover sound: interrupted, it goes on where it was, or is found unsound and begun anew.
 */
export async function rebuildAuthCover(deps: Checking, database: Database<Schema>, room: RawRoom): Promise<void> {
  const { authChainStore, authEdgeStore, checkStore, events, roomStore } = deps
  const { room_nid: roomNid } = room
  // First of all nothing counts as covered any more.
  await database.write({ statements: [authChainStore.deleteCover(roomNid)] })
  for (;;) {
    const last = (await checkStore.chains(roomNid, 0, 0)).at(-1)
    if (last === undefined) break
    await database.write({ statements: authChainStore.deleteUpTo(roomNid, { chainId: last.chain_id, seq: last.seq }) })
  }
  await database.write({ statements: authChainStore.deleteUpTo(roomNid, LAST_PLACE) })
  for (;;) {
    const last = (await authEdgeStore.page(roomNid, { citedNid: 0, citingNid: 0 })).at(-1)
    if (last === undefined) break
    await database.write({ statements: [authEdgeStore.deleteUpTo(roomNid, last)] })
  }
  const writer = new CoverWriter({
    ...deps,
    commit: async (statements) => void (await database.write({ statements })),
    pause: nextTurn,
  })
  const head = (await roomStore.findByNid(roomNid))?.head
  for (const { eventNid } of head?.forwardExtremities ?? []) {
    await writer.cover(roomNid, (await events.get(eventNid)).stateAfter ?? EMPTY_TREE)
  }
  await writer.cover(roomNid, head?.stateRoot ?? EMPTY_TREE)
  await writer.flush()
}

const LAST_PLACE = { chainId: Number.MAX_SAFE_INTEGER, seq: Number.MAX_SAFE_INTEGER }
