import { PackedBytesError, PackedReader, type PackedWriter } from './packed-bytes.ts'
import { readSetHash, SET_HASH_BYTES, type SetHash } from './set-hash.ts'
import { compareKeys, type PackedKey, readStateKey, readType, type StateKey, skipKey } from './state-key.ts'
import { StateTreeError } from './state-tree-error.ts'

/*
 * FROZEN FORMAT. One change's nodes are one chunk:
 *
 *   byte       format: 1
 *   byte       number of nodes - 1
 *   offsets    where nodes 1, 2, ... start, counted from the start of node 0; 2 bytes each, low first
 *   nodes      each up to the start of the next, the last up to the chunk's end
 *
 *   leaf       varint  entries * 2
 *              entries, ascending by key bytes: packed key (see state-key.ts), varint event number
 *   inner      varint  entries below * 2 + 1
 *              16      set hash of the entries below
 *              2       bitmap of children, low first
 *              refs    of the children: varint chunk * 8 + min(index, 7), then a byte index if it is 7 or more;
 *                      chunk 0 is the node's own
 *
 * A child always stands before its parent, in an earlier chunk or earlier in the same one, so no reference can form a loop.
 * Leaves carry no hash: comparing their few entries costs as much, and 16 bytes a change are saved.
 */
const FORMAT = 1
const HEADER_BYTES = 2

/** Most nodes of one chunk: a node's index is a byte. */
export const MAX_CHUNK_NODES = 256
/**
 * A subtree of at most this many entries is one leaf, a larger one has an inner node: the shape follows from the entries
 * alone. Part of the format. Measured over rooms of 30 to 32,000 members: 6 writes 8 % less a change than 8 and reads as many
 * nodes; 4 writes less still, but splits the handful of entries that every room has once.
 */
export const LEAF_CAPACITY = 6

/** A node's address within its room: chunk * 256 + index. 0 is the empty tree. */
export type NodeRef = number
export const EMPTY_TREE: NodeRef = 0

export function chunkOf(ref: NodeRef): number {
  return Math.floor(ref / MAX_CHUNK_NODES)
}

export function indexOf(ref: NodeRef): number {
  return ref % MAX_CHUNK_NODES
}

export function nodeRef(chunk: number, index: number): NodeRef {
  return chunk * MAX_CHUNK_NODES + index
}

/** A leaf's entry, its key still packed. */
export interface PackedEntry {
  readonly key: PackedKey
  readonly event: number
}

/** An entry of a room's state: which event is in force for a key. */
export interface StateEntry extends StateKey {
  readonly event: number
}

/** Puts a chunk together from its nodes' bytes. @param starts of the nodes, all below 2^16. */
export function encodeChunk(nodes: Uint8Array, starts: readonly number[]): Uint8Array {
  const body = HEADER_BYTES + (starts.length - 1) * 2
  const chunk = new Uint8Array(body + nodes.length)
  chunk[0] = FORMAT
  chunk[1] = starts.length - 1
  for (let node = 1; node < starts.length; node++) {
    const start = starts[node] ?? 0
    chunk[HEADER_BYTES + node * 2 - 2] = start
    chunk[HEADER_BYTES + node * 2 - 1] = start >> 8
  }
  chunk.set(nodes, body)
  return chunk
}

/** Where a node lies in its chunk. @throws PackedBytesError if the chunk's header is not sound. */
function locate(chunk: Uint8Array, index: number): PackedReader {
  if (chunk[0] !== FORMAT) throw new PackedBytesError(`unknown format ${chunk[0]}`)
  const last = chunk[1] ?? -1
  if (index > last) throw new PackedBytesError(`chunk has ${last + 1} nodes`)
  const body = HEADER_BYTES + last * 2
  const start = body + (index === 0 ? 0 : nodeStart(chunk, index))
  const end = index === last ? chunk.length : body + nodeStart(chunk, index + 1)
  if (start >= end || end > chunk.length) throw new PackedBytesError(`node from ${start} to ${end}`)
  return new PackedReader(chunk, start, end)
}

function nodeStart(chunk: Uint8Array, index: number): number {
  const at = HEADER_BYTES + index * 2 - 2
  return (chunk[at] ?? 0) | ((chunk[at + 1] ?? 0) << 8)
}

/** Writes a leaf. @param entries ascending by key. */
export function writeLeaf(writer: PackedWriter, entries: readonly PackedEntry[]): void {
  writer.varint(entries.length * 2)
  for (const { key, event } of entries) {
    writer.raw(key)
    writer.varint(event)
  }
}

/** What an inner node holds: `children` has 16 places, EMPTY_TREE where there is none. */
export interface InnerNode {
  readonly count: number
  readonly setHash: SetHash
  readonly children: readonly NodeRef[]
}

/** Writes an inner node that will belong to chunk `own`. */
export function writeInner(writer: PackedWriter, { count, setHash, children }: InnerNode, own: number): void {
  writer.varint(count * 2 + 1)
  for (const limb of setHash) writeTwoBytes(writer, limb)
  writeTwoBytes(
    writer,
    children.reduce((bits, ref, nibble) => (ref === EMPTY_TREE ? bits : bits | (1 << nibble)), 0),
  )
  for (const ref of children) {
    if (ref === EMPTY_TREE) continue
    const chunk = chunkOf(ref)
    const index = indexOf(ref)
    writer.varint((chunk === own ? 0 : chunk) * 8 + Math.min(index, 7))
    if (index >= 7) writer.byte(index)
  }
}

function writeTwoBytes(writer: PackedWriter, value: number): void {
  writer.byte(value & 0xff)
  writer.byte(value >> 8)
}

/** All nodes of a chunk. @throws StateTreeError if one is not sound. */
export function nodesOfChunk(room: number, chunk: number, bytes: Uint8Array): TreeNode[] {
  return Array.from({ length: (bytes[1] ?? 0) + 1 }, (_, index) => new TreeNode(room, nodeRef(chunk, index), bytes))
}

/** A node read in place from its chunk's bytes; every method checks what it reads. */
export class TreeNode {
  readonly room: number
  readonly ref: NodeRef
  readonly isLeaf: boolean
  /** Entries below. */
  readonly count: number
  readonly #bytes: Uint8Array
  readonly #body: number
  readonly #end: number

  /** @throws StateTreeError if the chunk has no sound node there. */
  constructor(room: number, ref: NodeRef, chunk: Uint8Array) {
    this.room = room
    this.ref = ref
    try {
      const reader = locate(chunk, indexOf(ref))
      const head = reader.varint()
      this.isLeaf = head % 2 === 0
      this.count = Math.floor(head / 2)
      this.#bytes = chunk
      this.#body = reader.at
      this.#end = reader.end
      if (this.isLeaf) {
        if (this.count === 0) throw new PackedBytesError('leaf without entries')
      } else {
        if (this.count <= LEAF_CAPACITY) throw new PackedBytesError(`inner node of ${this.count} entries`)
        reader.skip(SET_HASH_BYTES + 2)
      }
    } catch (error) {
      throw this.#corrupt(error)
    }
  }

  /** The error for a node that contradicts another. */
  corrupt(reason: string): StateTreeError {
    return new StateTreeError(
      { kind: 'corrupt', room: this.room, chunk: chunkOf(this.ref), index: indexOf(this.ref) },
      reason,
    )
  }

  #corrupt(error: unknown): unknown {
    return error instanceof PackedBytesError ? this.corrupt(error.message) : error
  }

  /** Set hash of the entries below an inner node. */
  setHash(): SetHash {
    return readSetHash(this.#bytes, this.#body)
  }

  /** Whether two inner nodes hold the same entries. */
  sameSet(other: TreeNode): boolean {
    if (this.count !== other.count) return false
    for (let i = 0; i < SET_HASH_BYTES; i++) {
      if (this.#bytes[this.#body + i] !== other.#bytes[other.#body + i]) return false
    }
    return true
  }

  #bitmap(): number {
    const at = this.#body + SET_HASH_BYTES
    return (this.#bytes[at] ?? 0) | ((this.#bytes[at + 1] ?? 0) << 8)
  }

  #readRef(reader: PackedReader): NodeRef {
    const value = reader.varint()
    const chunk = value < 8 ? chunkOf(this.ref) : Math.floor(value / 8)
    const low = value % 8
    const ref = nodeRef(chunk, low === 7 ? reader.byte() : low)
    if (!(ref < this.ref)) throw new PackedBytesError(`child ${chunk}/${indexOf(ref)} does not precede its parent`)
    return ref
  }

  #refs(): PackedReader {
    return new PackedReader(this.#bytes, this.#body + SET_HASH_BYTES + 2, this.#end)
  }

  /** An inner node's child, EMPTY_TREE if there is none. @throws StateTreeError */
  child(nibble: number): NodeRef {
    const bitmap = this.#bitmap()
    if (!(bitmap & (1 << nibble))) return EMPTY_TREE
    try {
      const refs = this.#refs()
      for (let before = bitmap & ((1 << nibble) - 1); before !== 0; before &= before - 1) {
        if (refs.skipVarint() % 8 === 7) refs.skip(1)
      }
      return this.#readRef(refs)
    } catch (error) {
      throw this.#corrupt(error)
    }
  }

  /** An inner node's 16 children, EMPTY_TREE where there is none. @throws StateTreeError */
  children(): NodeRef[] {
    const bitmap = this.#bitmap()
    const children: NodeRef[] = []
    try {
      const refs = this.#refs()
      for (let nibble = 0; nibble < 16; nibble++) {
        children.push(bitmap & (1 << nibble) ? this.#readRef(refs) : EMPTY_TREE)
      }
      if (bitmap === 0 || refs.at !== refs.end) throw new PackedBytesError(`children end at ${refs.at}`)
      return children
    } catch (error) {
      throw this.#corrupt(error)
    }
  }

  /** The event number of a leaf's entry. @throws StateTreeError */
  find(key: PackedKey): number | undefined {
    try {
      const reader = new PackedReader(this.#bytes, this.#body, this.#end)
      for (let i = 0; i < this.count; i++) {
        // Packed keys are self-delimiting, so a key that agrees in all its bytes is the entry's whole key.
        if (startsWith(reader, key)) {
          reader.skip(key.length)
          return readEvent(reader)
        }
        skipKey(reader)
        reader.varint()
      }
      if (reader.at !== reader.end) throw new PackedBytesError(`entries end at ${reader.at}, the leaf at ${reader.end}`)
      return undefined
    } catch (error) {
      throw this.#corrupt(error)
    }
  }

  /** A leaf's entries, ascending by key. @throws StateTreeError */
  packedEntries(): PackedEntry[] {
    let previous: PackedKey | undefined
    return this.#readEntries((reader) => {
      const start = reader.at
      skipKey(reader)
      const key = this.#bytes.subarray(start, reader.at)
      if (previous && compareKeys(previous, key) >= 0) throw new PackedBytesError(`key out of order at byte ${start}`)
      previous = key
      return { key, event: readEvent(reader) }
    })
  }

  /** A leaf's entries, ascending by packed key. @param accepts told a type, says whether it is wanted. */
  entries(accepts: (type: string) => boolean): StateEntry[] {
    const entries = this.#readEntries((reader) => {
      const type = readType(reader)
      if (accepts(type)) return { type, stateKey: readStateKey(reader), event: readEvent(reader) }
      reader.skip(reader.varint())
      reader.varint()
      return undefined
    })
    return entries.filter((entry) => entry !== undefined)
  }

  #readEntries<T>(read: (reader: PackedReader) => T): T[] {
    const entries: T[] = []
    try {
      const reader = new PackedReader(this.#bytes, this.#body, this.#end)
      for (let i = 0; i < this.count; i++) entries.push(read(reader))
      if (reader.at !== reader.end) throw new PackedBytesError(`entries end at ${reader.at}, the leaf at ${reader.end}`)
      return entries
    } catch (error) {
      throw this.#corrupt(error)
    }
  }
}

function readEvent(reader: PackedReader): number {
  const event = reader.varint()
  if (event === 0) throw new PackedBytesError(`event number 0 before byte ${reader.at}`)
  return event
}

function startsWith({ bytes, at, end }: PackedReader, key: PackedKey): boolean {
  const length = key.length
  if (length > end - at) return false
  for (let i = 0; i < length; i++) if (bytes[at + i] !== key[i]) return false
  return true
}
