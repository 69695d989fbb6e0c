import { ChunkWriter, type StateChunk } from './chunk-writer.ts'
import { groupByNibble } from './group-by-nibble.ts'
import type { NodeReader } from './node-reader.ts'
import type { Pacer } from './pacer.ts'
import { addSetHash, emptySetHash, replaceInSetHash, type SetHash } from './set-hash.ts'
import { compareKeys, type KeyPath, type KeyPaths, nibbleAt, type StateKey, WEIGHT_AT } from './state-key.ts'
import {
  EMPTY_TREE,
  type InnerNode,
  LEAF_CAPACITY,
  type NodeRef,
  type PackedEntry,
  type TreeNode,
} from './tree-node.ts'

/** Sets an entry to an event number, or removes it. */
export interface StateChange extends StateKey {
  readonly event: number | undefined
}

/** The tree after changes, and what must be stored before anyone else may rely on it. */
export interface StateUpdate {
  readonly root: NodeRef
  readonly chunks: readonly StateChunk[]
  /** The room's first unused chunk ID. */
  readonly nextChunk: number
}

/** A change with its path; event 0 removes. */
interface PathChange {
  readonly path: KeyPath
  readonly event: number
}

/** A subtree that changes, or whose entries a changing parent may take in. */
interface Visit {
  readonly ref: NodeRef
  readonly depth: number
  readonly changes: readonly PathChange[]
  /** Absent for the empty tree. */
  node?: TreeNode
  /** An inner node's children, and those of them that are visited. */
  children: readonly NodeRef[]
  readonly below: (Visit | undefined)[]
}

interface BuildEntry extends PackedEntry {
  readonly path?: KeyPath
}

/** A node that is not laid down yet, as its parent may still absorb it. */
type Draft =
  | { readonly kind: 'empty' }
  | { readonly kind: 'leaf'; readonly entries: readonly PackedEntry[] }
  | { readonly kind: 'inner'; readonly node: InnerNode }

/** What changes did to a subtree; undefined if nothing. */
interface Applied {
  readonly draft: Draft
  readonly countDelta: number
  readonly hashDelta: SetHash
}

/** A computation that yields what it wants awaited between two stretches. */
type Paced<T> = Generator<Promise<void>, T, void>

const EMPTY_DRAFT: Draft = { kind: 'empty' }

/** Applies changes to one tree: reads the nodes on their paths level by level, then builds new ones from the leaves up. */
export class TreeUpdate {
  readonly #reader: NodeReader
  readonly #paths: KeyPaths
  readonly #pacer: Pacer
  readonly #room: number
  readonly #writer: ChunkWriter

  constructor(deps: { reader: NodeReader; paths: KeyPaths; pacer: Pacer }, room: number, nextChunk: number) {
    this.#reader = deps.reader
    this.#paths = deps.paths
    this.#pacer = deps.pacer
    this.#room = room
    this.#writer = new ChunkWriter(nextChunk)
  }

  /** Runs once. Of two changes of one key the later one counts. */
  async run(root: NodeRef, changes: readonly StateChange[]): Promise<StateUpdate> {
    const pathChanges: PathChange[] = []
    for (const { type, stateKey, event } of lastOfEachKey(changes)) {
      pathChanges.push({ path: this.#paths.of(type, stateKey), event: event ?? 0 })
      if (this.#pacer.spend(1)) await this.#pacer.rest()
    }
    const visit = visitTo(root, 0, pathChanges)
    if (pathChanges.length > 0) await this.#readPaths(visit)
    const applying = this.#apply(visit)
    let step = applying.next()
    while (!step.done) {
      await step.value
      step = applying.next()
    }
    const newRoot = step.value ? this.#layDown(step.value.draft) : root
    return { root: newRoot, ...this.#writer.finish() }
  }

  /** Reads all that `#apply` will look at. */
  async #readPaths(root: Visit): Promise<void> {
    let level = [root].filter(({ ref }) => ref !== EMPTY_TREE)
    while (level.length > 0) {
      const opened = this.#reader.openAll(
        this.#room,
        level.map(({ ref }) => ref),
      )
      const nodes = Array.isArray(opened) ? opened : await opened
      const below: Visit[] = []
      for (const [i, visit] of level.entries()) {
        const node = nodes[i]
        if (!node) continue
        visit.node = node
        if (!node.isLeaf) this.#visitChildren(node, visit, below)
        if (this.#pacer.spend(1)) await this.#pacer.rest()
      }
      level = below
    }
  }

  #visitChildren(node: TreeNode, visit: Visit, toRead: Visit[]): void {
    const { depth, changes } = visit
    // If so few may remain that the node becomes a leaf, that leaf takes in the entries of its unchanged children too.
    const removals = changes.reduce((sum, { event }) => (event === 0 ? sum + 1 : sum), 0)
    const mayCollapse = removals > 0 && node.count - removals <= LEAF_CAPACITY
    const groups = groupByNibble(changes, depth, ({ path }) => path, node)
    visit.children = node.children()
    for (let nibble = 0; nibble < 16; nibble++) {
      const child = visit.children[nibble] ?? EMPTY_TREE
      const group = groups[nibble]
      if (!group && !(mayCollapse && child !== EMPTY_TREE)) continue
      const below = visitTo(child, depth + 1, group ?? [])
      visit.below[nibble] = below
      if (child !== EMPTY_TREE) toRead.push(below)
    }
  }

  *#apply(visit: Visit): Paced<Applied | undefined> {
    const { node, depth, changes } = visit
    if (changes.length === 0) return undefined
    if (node && !node.isLeaf) return yield* this.#applyToInner(node, visit)
    return yield* this.#applyToLeaf(node?.packedEntries() ?? [], depth, changes)
  }

  *#applyToInner(node: TreeNode, { children, below }: Visit): Paced<Applied | undefined> {
    const drafts: (Draft | undefined)[] = new Array(16).fill(undefined)
    const hashDelta = emptySetHash()
    let countDelta = 0
    let changed = false
    for (let nibble = 0; nibble < 16; nibble++) {
      const visit = below[nibble]
      const applied = visit && (yield* this.#apply(visit))
      if (!applied) continue
      changed = true
      drafts[nibble] = applied.draft
      countDelta += applied.countDelta
      addSetHash(hashDelta, applied.hashDelta)
    }
    if (!changed) return undefined
    const count = node.count + countDelta
    if (count <= LEAF_CAPACITY) {
      const entries = drafts.flatMap((draft, nibble) => entriesOf(draft, below[nibble]))
      if (entries.length !== count) throw node.corrupt(`counts ${count} entries, ${entries.length} found`)
      return { draft: leafDraft(entries), countDelta, hashDelta }
    }
    const setHash = node.setHash()
    addSetHash(setHash, hashDelta)
    const refs = children.map((child, nibble) => {
      const draft = drafts[nibble]
      return draft ? this.#layDown(draft) : child
    })
    return { draft: { kind: 'inner', node: { count, setHash, children: refs } }, countDelta, hashDelta }
  }

  *#applyToLeaf(
    existing: readonly PackedEntry[],
    depth: number,
    changes: readonly PathChange[],
  ): Paced<Applied | undefined> {
    const entries: (BuildEntry | undefined)[] = [...existing]
    const hashDelta = emptySetHash()
    let countDelta = 0
    let changed = false
    for (const { path, event } of changes) {
      const index = existing.findIndex(({ key }) => compareKeys(key, path.key) === 0)
      const before = existing[index]?.event ?? 0
      if (before === event) continue
      changed = true
      countDelta += Number(event !== 0) - Number(before !== 0)
      replaceInSetHash(hashDelta, path.digest, WEIGHT_AT, before, event)
      entries[index < 0 ? entries.length : index] = event === 0 ? undefined : { key: path.key, event, path }
    }
    if (this.#pacer.spend(changes.length)) yield this.#pacer.rest()
    if (!changed) return undefined
    const remaining = entries.filter((entry) => entry !== undefined)
    if (remaining.length <= LEAF_CAPACITY) return { draft: leafDraft(remaining), countDelta, hashDelta }
    const { draft } = yield* this.#build(
      remaining.map((entry) => ({ ...entry, path: entry.path ?? this.#paths.ofPacked(entry.key) })),
      depth,
    )
    return { draft, countDelta, hashDelta }
  }

  /** A subtree of exactly these entries. */
  *#build(entries: readonly Required<BuildEntry>[], depth: number): Paced<{ draft: Draft; setHash: SetHash }> {
    const setHash = emptySetHash()
    const [first] = entries
    if (!first) return { draft: EMPTY_DRAFT, setHash }
    if (this.#pacer.spend(1)) yield this.#pacer.rest()
    if (entries.length <= LEAF_CAPACITY || nibbleAt(first.path, depth) === undefined) {
      for (const { path, event } of entries) replaceInSetHash(setHash, path.digest, WEIGHT_AT, 0, event)
      return { draft: leafDraft(entries), setHash }
    }
    const groups = groupByNibble(entries, depth, ({ path }) => path)
    const children: NodeRef[] = []
    for (let nibble = 0; nibble < 16; nibble++) {
      const child = yield* this.#build(groups[nibble] ?? [], depth + 1)
      addSetHash(setHash, child.setHash)
      children.push(this.#layDown(child.draft))
    }
    return { draft: { kind: 'inner', node: { count: entries.length, setHash, children } }, setHash }
  }

  #layDown(draft: Draft): NodeRef {
    if (draft.kind === 'empty') return EMPTY_TREE
    return draft.kind === 'leaf' ? this.#writer.leaf(draft.entries) : this.#writer.inner(draft.node)
  }
}

function visitTo(ref: NodeRef, depth: number, changes: readonly PathChange[]): Visit {
  return { ref, depth, changes, children: [], below: [] }
}

/** The entries of a child that its parent takes in. It must be a leaf: an inner node has more entries than fit. */
function entriesOf(draft: Draft | undefined, visit: Visit | undefined): readonly PackedEntry[] {
  if (draft) return draft.kind === 'leaf' ? draft.entries : []
  return visit?.node?.isLeaf ? visit.node.packedEntries() : []
}

function leafDraft(entries: readonly PackedEntry[]): Draft {
  if (entries.length === 0) return EMPTY_DRAFT
  return { kind: 'leaf', entries: [...entries].sort((a, b) => compareKeys(a.key, b.key)) }
}

/** @throws RangeError for an event number or a string that the tree cannot hold. */
function lastOfEachKey(changes: readonly StateChange[]): Iterable<StateChange> {
  for (const { type, stateKey, event } of changes) {
    if (event !== undefined && !(Number.isSafeInteger(event) && event > 0))
      throw new RangeError(`event number ${event}`)
    // In UTF-8 every lone surrogate becomes U+FFFD: two keys would be one.
    if (!type.isWellFormed() || !stateKey.isWellFormed()) throw new RangeError('lone surrogate in a state key')
  }
  if (changes.length < 2) return changes
  const last = new Map(changes.map((change) => [`${change.type.length}:${change.type}${change.stateKey}`, change]))
  return last.values()
}
