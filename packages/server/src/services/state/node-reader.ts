import { chunkOf, type NodeRef, TreeNode } from './tree-node.ts'

/** Where the tree's chunks come from. */
export interface ChunkSource {
  /** The bytes of a chunk, at once if they are at hand. The promise rejects if the chunk cannot be had. */
  chunk(room: number, id: number): Uint8Array | Promise<Uint8Array>
}

/** Reads nodes through a chunk source and counts them. */
export class NodeReader {
  readonly #source: ChunkSource
  #nodesRead = 0

  constructor(source: ChunkSource) {
    this.#source = source
  }

  /** Nodes read since construction. Tests compare it before and after; metrics may export it. */
  get nodesRead(): number {
    return this.#nodesRead
  }

  /** @throws StateTreeError if the chunk is missing or the node is not sound. */
  open(room: number, ref: NodeRef): TreeNode | Promise<TreeNode> {
    this.#nodesRead++
    const chunk = this.#source.chunk(room, chunkOf(ref))
    if (chunk instanceof Uint8Array) return new TreeNode(room, ref, chunk)
    return chunk.then((bytes) => new TreeNode(room, ref, bytes))
  }

  /** Opens nodes in the order of `refs`; what must be loaded is asked for at once, so that the source can load it together. */
  openAll(room: number, refs: readonly NodeRef[]): TreeNode[] | Promise<TreeNode[]> {
    this.#nodesRead += refs.length
    const chunks = refs.map((ref) => this.#source.chunk(room, chunkOf(ref)))
    const open = (loaded: readonly Uint8Array[]): TreeNode[] =>
      refs.map((ref, i) => new TreeNode(room, ref, loaded[i] ?? new Uint8Array()))
    const present = chunks.filter((chunk) => chunk instanceof Uint8Array)
    return present.length === chunks.length ? open(present) : Promise.all(chunks).then(open)
  }
}
