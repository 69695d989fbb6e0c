import { type KeyHash, seededKeyHash } from './state-key.ts'
import { StateTree } from './state-tree.ts'
import { StateTreeError } from './state-tree-error.ts'
import { EMPTY_TREE, type NodeRef } from './tree-node.ts'
import type { StateChange, StateUpdate } from './tree-update.ts'

export const SEED = Uint8Array.from({ length: 16 }, (_, i) => i)
export const ROOM = 7

/** For tests: one room whose chunks lie in a map, with a tree that reads them at once or through promises. */
export class TestRoom {
  readonly chunks = new Map<number, Uint8Array>()
  readonly tree: StateTree
  root: NodeRef = EMPTY_TREE
  nextChunk = 1

  constructor(options: { keyHash?: KeyHash; delayed?: boolean } = {}) {
    const find = (id: number): Uint8Array => {
      const bytes = this.chunks.get(id)
      if (!bytes) throw new StateTreeError({ kind: 'missing', room: ROOM, chunk: id }, 'no such chunk')
      return bytes
    }
    const source = {
      chunk: (_room: number, id: number) => (options.delayed ? Promise.resolve().then(() => find(id)) : find(id)),
    }
    this.tree = new StateTree({ source, seed: SEED, keyHash: options.keyHash })
  }

  /** Applies changes to a root, by default the latest, and stores the chunks. The new root becomes the latest. */
  async change(changes: readonly StateChange[], from: NodeRef = this.root): Promise<StateUpdate> {
    const update = await this.tree.update(ROOM, from, changes, this.nextChunk)
    for (const { id, bytes } of update.chunks) this.chunks.set(id, bytes)
    this.root = update.root
    this.nextChunk = update.nextChunk
    return update
  }
}

/** A hash with few different paths (real weights), so that buckets collide over the whole path. */
export function collidingHash(distinct: number): KeyHash {
  const real = seededKeyHash(SEED)
  return {
    type: (type) => real.type(type) % distinct,
    key: (key) => {
      const digest = real.key(key)
      return String.fromCharCode(digest.charCodeAt(0) % distinct).repeat(16) + digest.slice(16)
    },
  }
}

/** Changes that set a member each. */
export function members(count: number, firstEvent: number): StateChange[] {
  return Array.from({ length: count }, (_, i) => ({
    type: 'm.room.member',
    stateKey: `@user${i}:server${i % 97}.example.org`,
    event: firstEvent + i,
  }))
}

/** What a room has besides members. */
export const ROOM_STATE: readonly StateChange[] = [
  'create',
  'power_levels',
  'join_rules',
  'history_visibility',
  'guest_access',
  'encryption',
  'name',
  'topic',
].map((name, i) => ({ type: `m.room.${name}`, stateKey: '', event: i + 1 }))
