import type { StateChunk } from './chunk-writer.ts'
import type { TreeCache } from './tree-cache.ts'
import type { NodeRef } from './tree-node.ts'
import type { StateUpdate } from './tree-update.ts'

/**
 * The chunks that a commit under construction adds to one room's state tree. Whoever holds one of their roots can read
 * it at once, long before anything is stored.
 */
export class StagedChunks {
  readonly #cache: TreeCache
  readonly #room: number
  readonly #chunks: StateChunk[] = []
  #nextChunk: number

  /** @param nextChunk the room's first unused chunk ID. */
  constructor(cache: TreeCache, room: number, nextChunk: number) {
    this.#cache = cache
    this.#room = room
    this.#nextChunk = nextChunk
  }

  /** The room's first unused chunk ID. */
  get nextChunk(): number {
    return this.#nextChunk
  }

  /** What the commit has to store. */
  get chunks(): readonly StateChunk[] {
    return this.#chunks
  }

  /** Takes over what an update of the tree has made. @returns its root. */
  add(update: StateUpdate): NodeRef {
    this.#cache.pin(this.#room, update.chunks)
    this.#chunks.push(...update.chunks)
    this.#nextChunk = update.nextChunk
    return update.root
  }

  /** There will be no commit: nobody may find the chunks any more. */
  discard(): void {
    this.#cache.discard(this.#room, this.#chunks)
  }
}
