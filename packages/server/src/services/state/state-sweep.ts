import type { StateChunk } from './chunk-writer.ts'
import { chunkOf, EMPTY_TREE, nodesOfChunk, type NodeRef, type TreeNode } from './tree-node.ts'

/**
 * Tells a room's chunks that are still needed from those that are not, in one pass from the newest to the oldest. A
 * node stands after its children, so all that could need a chunk has been seen when the chunk's turn comes; what has to
 * be remembered on the way is about one tree, however many there have been.
 */
export class StateSweep {
  readonly #room: number
  /** Nodes known to be needed, in chunks whose turn is to come. */
  readonly #needed: Set<NodeRef>

  /** @param roots of all trees that are to stay. */
  constructor(room: number, roots: Iterable<NodeRef>) {
    this.#room = room
    this.#needed = new Set(roots)
  }

  /** How many nodes are remembered. */
  get size(): number {
    return this.#needed.size
  }

  /** Whether a chunk is needed. Chunks are to be asked about in descending order of their IDs, each once. */
  isNeeded({ id, bytes }: StateChunk): boolean {
    let isNeeded = false
    // Within a chunk, too, children stand before their parents.
    for (const node of nodesOfChunk(this.#room, id, bytes).reverse()) {
      if (!this.#needed.delete(node.ref)) continue
      isNeeded = true
      this.#needChildren(node)
    }
    return isNeeded
  }

  /** Takes in a chunk that has been written since the sweep began: all of it is needed, and what it refers to. */
  admit({ id, bytes }: StateChunk, sweptDownTo: number): void {
    for (const node of nodesOfChunk(this.#room, id, bytes)) {
      if (node.isLeaf) continue
      for (const child of node.children()) {
        // What has been swept already has been found to be needed: a tree is built only from trees that stay.
        if (child !== EMPTY_TREE && chunkOf(child) < sweptDownTo) this.#needed.add(child)
      }
    }
  }

  #needChildren(node: TreeNode): void {
    if (node.isLeaf) return
    for (const child of node.children()) if (child !== EMPTY_TREE) this.#needed.add(child)
  }
}
