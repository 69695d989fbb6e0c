import { PackedWriter } from './packed-bytes.ts'
import {
  encodeChunk,
  type InnerNode,
  MAX_CHUNK_NODES,
  type NodeRef,
  nodeRef,
  type PackedEntry,
  writeInner,
  writeLeaf,
} from './tree-node.ts'

/** A row of `state_nodes`, still to be written. */
export interface StateChunk {
  readonly id: number
  readonly bytes: Uint8Array
}

/** A chunk that holds this much takes no further node, so that every node starts below 2^16. */
const FULL_CHUNK_BYTES = 60 * 1_024

/** Lays nodes down in chunks, children before parents. */
export class ChunkWriter {
  readonly #writer = new PackedWriter()
  readonly #chunks: StateChunk[] = []
  #starts: number[] = []
  #chunk: number

  /** @param nextChunk the room's first unused chunk ID. */
  constructor(nextChunk: number) {
    // A node reference must stay a safe integer. Chunk 0 is never used: in a reference it stands for the node's own chunk.
    if (!Number.isInteger(nextChunk) || nextChunk < 1 || nextChunk > 2 ** 44) {
      throw new RangeError(`chunk IDs are integers from 1 to 2^44, not ${nextChunk}`)
    }
    this.#chunk = nextChunk
  }

  leaf(entries: readonly PackedEntry[]): NodeRef {
    const ref = this.#begin()
    writeLeaf(this.#writer, entries)
    return ref
  }

  inner(node: InnerNode): NodeRef {
    const ref = this.#begin()
    writeInner(this.#writer, node, this.#chunk)
    return ref
  }

  #begin(): NodeRef {
    if (this.#starts.length === MAX_CHUNK_NODES || this.#writer.length >= FULL_CHUNK_BYTES) this.#close()
    this.#starts.push(this.#writer.length)
    return nodeRef(this.#chunk, this.#starts.length - 1)
  }

  #close(): void {
    if (this.#starts.length === 0) return
    this.#chunks.push({ id: this.#chunk, bytes: encodeChunk(this.#writer.view(), this.#starts) })
    this.#writer.clear()
    this.#starts = []
    this.#chunk++
  }

  /** All chunks, and the room's first unused chunk ID after them. */
  finish(): { chunks: StateChunk[]; nextChunk: number } {
    this.#close()
    return { chunks: this.#chunks, nextChunk: this.#chunk }
  }
}
