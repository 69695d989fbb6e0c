import { LRUCache } from 'lru-cache'
import type { StateChunk } from './chunk-writer.ts'
import type { ChunkSource } from './node-reader.ts'
import { StateTreeError } from './state-tree-error.ts'

/** Loads committed chunks of one room, at most MAX_LOAD at once. A chunk that does not exist is left out of the map. */
export type ChunkLoader = (room: number, ids: readonly number[]) => Promise<ReadonlyMap<number, Uint8Array>>

export interface TreeCacheOptions {
  readonly load: ChunkLoader
  /** Bound of the committed chunks held, their book-keeping included. Pinned chunks come on top: the write queue bounds them. */
  readonly maxBytes: number
}

/** Most chunks asked for in one load: the bound of a read by index on the main connection. */
export const MAX_LOAD = 100
/** What holding a chunk costs besides its bytes (buffer object, map and list slots), roughly as measured. */
const OVERHEAD_BYTES = 256

interface Wanted {
  readonly id: number
  readonly resolve: (bytes: Uint8Array) => void
  readonly reject: (error: unknown) => void
}

/**
 * Serves chunks from memory: the uncommitted ones, pinned because no reader can see them yet, and the committed ones in use
 * lately. Chunks asked for within one turn are loaded together, the same chunk only once.
 */
export class TreeCache implements ChunkSource {
  readonly #load: ChunkLoader
  readonly #committed: LRUCache<number | string, Uint8Array>
  readonly #pinned = new Map<number | string, Uint8Array>()
  readonly #loading = new Map<number | string, Promise<Uint8Array>>()
  #wanted = new Map<number, Wanted[]>()
  #pinnedBytes = 0
  #hits = 0
  #misses = 0

  constructor({ load, maxBytes }: TreeCacheOptions) {
    this.#load = load
    this.#committed = new LRUCache({
      maxSize: Math.max(1, maxBytes),
      sizeCalculation: (bytes) => bytes.length + OVERHEAD_BYTES,
    })
  }

  /** Requests answered from memory and requests that had to wait for a load, since construction. */
  get stats(): {
    hits: number
    misses: number
    bytes: number
    chunks: number
    pinnedBytes: number
    pinnedChunks: number
  } {
    return {
      hits: this.#hits,
      misses: this.#misses,
      bytes: this.#committed.calculatedSize,
      chunks: this.#committed.size,
      pinnedBytes: this.#pinnedBytes,
      pinnedChunks: this.#pinned.size,
    }
  }

  /** The promise rejects with StateTreeError if there is no such chunk, and with the loader's error if it fails. */
  chunk(room: number, id: number): Uint8Array | Promise<Uint8Array> {
    const key = cacheKey(room, id)
    const bytes = this.#pinned.get(key) ?? this.#committed.get(key)
    if (bytes) {
      this.#hits++
      return bytes
    }
    this.#misses++
    const loading = this.#loading.get(key) ?? this.#request(room, id)
    this.#loading.set(key, loading)
    return loading
  }

  #request(room: number, id: number): Promise<Uint8Array> {
    if (this.#wanted.size === 0) queueMicrotask(() => this.#loadWanted())
    return new Promise((resolve, reject) => {
      const wanted = this.#wanted.get(room)
      if (wanted) wanted.push({ id, resolve, reject })
      else this.#wanted.set(room, [{ id, resolve, reject }])
    })
  }

  #loadWanted(): void {
    const wanted = this.#wanted
    this.#wanted = new Map()
    for (const [room, chunks] of wanted) {
      for (let i = 0; i < chunks.length; i += MAX_LOAD) void this.#loadTogether(room, chunks.slice(i, i + MAX_LOAD))
    }
  }

  async #loadTogether(room: number, wanted: readonly Wanted[]): Promise<void> {
    try {
      const loaded = await this.#load(
        room,
        wanted.map(({ id }) => id),
      )
      for (const { id, resolve, reject } of wanted) {
        const bytes = loaded.get(id)
        if (!bytes) {
          reject(new StateTreeError({ kind: 'missing', room, chunk: id }, 'no such chunk'))
          continue
        }
        this.#committed.set(cacheKey(room, id), bytes)
        resolve(bytes)
      }
    } catch (error) {
      for (const { reject } of wanted) reject(error)
    } finally {
      for (const { id } of wanted) this.#loading.delete(cacheKey(room, id))
    }
  }

  /** Holds chunks that are on their way to the disk, until `unpin` or `discard`. @throws Error if one is pinned already. */
  pin(room: number, chunks: readonly StateChunk[]): void {
    for (const { id } of chunks) {
      if (this.#pinned.has(cacheKey(room, id))) throw new Error(`chunk ${id} of room ${room} is already pinned`)
    }
    for (const { id, bytes } of chunks) {
      this.#pinned.set(cacheKey(room, id), bytes)
      this.#pinnedBytes += bytes.length
    }
  }

  /** The chunks are committed: from now on they may be dropped and loaded again. */
  unpin(room: number, chunks: readonly StateChunk[]): void {
    for (const { id } of chunks) {
      const key = cacheKey(room, id)
      const bytes = this.#pinned.get(key)
      if (!bytes) continue
      this.#release(key, bytes)
      this.#committed.set(key, bytes)
    }
  }

  /** The chunks were refused: nobody may find them any more, and their IDs may be used again. */
  discard(room: number, chunks: readonly StateChunk[]): void {
    for (const { id } of chunks) {
      const key = cacheKey(room, id)
      const bytes = this.#pinned.get(key)
      if (bytes) this.#release(key, bytes)
    }
  }

  #release(key: number | string, bytes: Uint8Array): void {
    this.#pinned.delete(key)
    this.#pinnedBytes -= bytes.length
  }
}

/** One number while both fit, as it is made for every node read. */
function cacheKey(room: number, id: number): number | string {
  return room < 2 ** 22 && id < 2 ** 31 ? room * 2 ** 31 + id : `${room}/${id}`
}
