import { type ChunkSource, NodeReader } from './node-reader.ts'
import { Pacer, type Pause } from './pacer.ts'
import { emptySetHash, formatSetHash, replaceInSetHash } from './set-hash.ts'
import { type KeyHash, type KeyPath, KeyPaths, nibbleAt, type StateKey, seededKeyHash, WEIGHT_AT } from './state-key.ts'
import { type StateDifference, walkDifference } from './tree-diff.ts'
import { EMPTY_TREE, type NodeRef, type StateEntry, type TreeNode } from './tree-node.ts'
import { type StateChange, type StateUpdate, TreeUpdate } from './tree-update.ts'
import { walkChunks, walkEntries } from './tree-walk.ts'
import { type StateFilter, TypeFilter } from './type-filter.ts'

export interface StateTreeOptions {
  readonly source: ChunkSource
  /** 16 secret random bytes, the same for the life of the database. */
  readonly seed: Uint8Array
  /** Awaited about every thousand nodes or entries of a long operation, so that other work can run. */
  readonly pause?: Pause | undefined
  /** Replaces the seeded hash; for tests that need collisions. */
  readonly keyHash?: KeyHash | undefined
}

/**
 * Maps (type, state key) to the number of the event in force, once per root. Trees are never altered: an update names a new
 * root that shares all but O(log n) nodes with the old one. A map's shape and set hash depend on its entries alone, not on
 * how it came about, so equal states of two forks are recognised.
 *
 * Every method rejects with (or, where it answers at once, throws) StateTreeError if a chunk is missing or corrupt.
 */
export class StateTree {
  readonly #reader: NodeReader
  readonly #paths: KeyPaths
  readonly #pause: Pause | undefined

  constructor({ source, seed, pause, keyHash }: StateTreeOptions) {
    this.#reader = new NodeReader(source)
    this.#paths = new KeyPaths(keyHash ?? seededKeyHash(seed))
    this.#pause = pause
  }

  /** Nodes read since construction. */
  get nodesRead(): number {
    return this.#reader.nodesRead
  }

  #deps(): { reader: NodeReader; paths: KeyPaths; pacer: Pacer } {
    return { reader: this.#reader, paths: this.#paths, pacer: new Pacer(this.#pause) }
  }

  /** The event number for a key. Answers at once if the chunks are at hand. */
  get(room: number, root: NodeRef, type: string, stateKey: string): number | undefined | Promise<number | undefined> {
    // A string that no tree can hold would otherwise be taken for one with U+FFFD in its place.
    if (root === EMPTY_TREE || !type.isWellFormed() || !stateKey.isWellFormed()) return undefined
    return this.#descend(room, root, this.#paths.of(type, stateKey), 0)
  }

  #descend(
    room: number,
    from: NodeRef,
    path: KeyPath,
    fromDepth: number,
  ): number | undefined | Promise<number | undefined> {
    let ref = from
    for (let depth = fromDepth; ref !== EMPTY_TREE; depth++) {
      const node = this.#reader.open(room, ref)
      if (node instanceof Promise) return node.then((node) => this.#step(room, node, path, depth))
      if (node.isLeaf) return node.find(path.key)
      ref = childOnPath(node, path, depth)
    }
    return undefined
  }

  #step(room: number, node: TreeNode, path: KeyPath, depth: number): number | undefined | Promise<number | undefined> {
    if (node.isLeaf) return node.find(path.key)
    return this.#descend(room, childOnPath(node, path, depth), path, depth + 1)
  }

  /** The event numbers for several keys, in their order; what must be loaded is loaded together. */
  getMany(
    room: number,
    root: NodeRef,
    keys: readonly StateKey[],
  ): (number | undefined)[] | Promise<(number | undefined)[]> {
    const events: (number | undefined)[] = []
    const found = keys.map(({ type, stateKey }) => {
      try {
        return this.get(room, root, type, stateKey)
      } catch (error) {
        // Thrown here, it would leave the promises of the other keys with nobody to await them.
        return Promise.reject(error)
      }
    })
    for (const event of found) {
      if (event instanceof Promise) return Promise.all(found)
      events.push(event)
    }
    return events
  }

  /**
   * A tree with changes applied; of two changes of one key the later one counts. Nothing is stored: the caller writes the
   * chunks, and until they are committed serves them from a pinned overlay.
   * @param nextChunk the room's first unused chunk ID, 1 or more.
   * @returns the same root and no chunks if the map stays the same.
   * @throws RangeError for a string with a lone surrogate or an event number that is not a positive safe integer.
   */
  async update(room: number, root: NodeRef, changes: readonly StateChange[], nextChunk: number): Promise<StateUpdate> {
    return new TreeUpdate(this.#deps(), room, nextChunk).run(root, changes)
  }

  /** The entries a filter accepts, in an order that follows from the map and the seed. For large rooms see `entryBatches`. */
  async entries(room: number, root: NodeRef, filter: StateFilter = {}): Promise<StateEntry[]> {
    return collect(this.entryBatches(room, root, filter))
  }

  /** As `entries`, in batches of at most a few hundred. */
  entryBatches(room: number, root: NodeRef, filter: StateFilter = {}): AsyncGenerator<StateEntry[], void, void> {
    return walkEntries(this.#deps(), room, root, new TypeFilter(filter, this.#paths))
  }

  /** The differences a filter accepts from root `before` to root `after`; reads only what differs. */
  async diff(room: number, before: NodeRef, after: NodeRef, filter: StateFilter = {}): Promise<StateDifference[]> {
    return collect(this.diffBatches(room, before, after, filter))
  }

  /** As `diff`, in batches of at most a few hundred. */
  diffBatches(
    room: number,
    before: NodeRef,
    after: NodeRef,
    filter: StateFilter = {},
  ): AsyncGenerator<StateDifference[], void, void> {
    return walkDifference(this.#deps(), room, { before, after }, new TypeFilter(filter, this.#paths))
  }

  /** The number of entries. */
  count(room: number, root: NodeRef): number | Promise<number> {
    if (root === EMPTY_TREE) return 0
    const node = this.#reader.open(room, root)
    return node instanceof Promise ? node.then(({ count }) => count) : node.count
  }

  /** 32 hexadecimal digits, equal for two roots of a database just when their maps are. */
  setHash(room: number, root: NodeRef): string | Promise<string> {
    if (root === EMPTY_TREE) return formatSetHash(emptySetHash())
    const node = this.#reader.open(room, root)
    return node instanceof Promise ? node.then((node) => this.#setHashOf(node)) : this.#setHashOf(node)
  }

  #setHashOf(node: TreeNode): string {
    if (!node.isLeaf) return formatSetHash(node.setHash())
    const setHash = emptySetHash()
    for (const { key, event } of node.packedEntries()) {
      replaceInSetHash(setHash, this.#paths.ofPacked(key).digest, WEIGHT_AT, 0, event)
    }
    return formatSetHash(setHash)
  }

  /** The IDs of all chunks that a root needs, each once: the others of the room are garbage. */
  reachableChunks(room: number, roots: Iterable<NodeRef>): AsyncGenerator<number, void, void> {
    return walkChunks(this.#deps(), room, roots)
  }
}

function childOnPath(node: TreeNode, path: KeyPath, depth: number): NodeRef {
  const nibble = nibbleAt(path, depth)
  if (nibble === undefined) throw node.corrupt(`inner node at depth ${depth}`)
  return node.child(nibble)
}

async function collect<T>(batches: AsyncIterable<T[]>): Promise<T[]> {
  const all: T[] = []
  for await (const batch of batches) for (const item of batch) all.push(item)
  return all
}
