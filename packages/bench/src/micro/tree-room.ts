import { StagedChunks } from '../../../server/src/services/state/staged-chunks.ts'
import { StateTree } from '../../../server/src/services/state/state-tree.ts'
import { TreeCache } from '../../../server/src/services/state/tree-cache.ts'
import { EMPTY_TREE } from '../../../server/src/services/state/tree-node.ts'
import type { StateChange } from '../../../server/src/services/state/tree-update.ts'

const ROOM = 1

/** One room's state trees, all in memory, as a server has them that has read them lately. */
export class TreeRoom {
  readonly room: number = ROOM
  readonly tree: StateTree
  readonly #cache = new TreeCache({ load: async () => new Map(), maxBytes: 1_073_741_824 })
  #nextChunk = 1

  constructor() {
    this.tree = new StateTree({ source: this.#cache, seed: Uint8Array.from({ length: 16 }, (_, index) => index) })
  }

  /** A place for chunks that are not to be kept. */
  staged(): StagedChunks {
    return new StagedChunks(this.#cache, ROOM, this.#nextChunk)
  }

  /** Applies changes to a tree and keeps the result. @returns its root. */
  async keep(changes: readonly StateChange[], from: number = EMPTY_TREE): Promise<number> {
    const staged = this.staged()
    const root = staged.add(await this.tree.update(ROOM, from, changes, staged.nextChunk))
    this.#cache.unpin(ROOM, staged.chunks)
    this.#nextChunk = staged.nextChunk
    return root
  }
}
