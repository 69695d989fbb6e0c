import { MEMBER_NIBBLE } from './common-types.ts'
import { groupByNibble } from './group-by-nibble.ts'
import type { NodeReader } from './node-reader.ts'
import { PackedReader } from './packed-bytes.ts'
import type { Pacer } from './pacer.ts'
import { compareKeys, type KeyPath, type KeyPaths, readStateKey, readType, type StateKey } from './state-key.ts'
import { EMPTY_TREE, type NodeRef, type PackedEntry, TreeNode } from './tree-node.ts'
import { NODES_AT_ONCE } from './tree-walk.ts'
import type { TypeFilter } from './type-filter.ts'

/** An entry that two trees do not share; undefined on the side that has no such key. */
export interface StateDifference extends StateKey {
  readonly before: number | undefined
  readonly after: number | undefined
}

/** One tree's part of a comparison: a subtree, or entries of a leaf that stands where the other tree has an inner node. */
type Side = NodeRef | readonly PathEntry[]

interface PathEntry extends PackedEntry {
  readonly path: KeyPath
}

interface Pair {
  readonly before: Side
  readonly after: Side
  readonly depth: number
  readonly first: number
}

interface DiffDeps {
  readonly reader: NodeReader
  readonly paths: KeyPaths
  readonly pacer: Pacer
}

/** What a filter accepts of the difference between two roots, in batches. Equal references are not even read. */
export async function* walkDifference(
  deps: DiffDeps,
  room: number,
  roots: { before: NodeRef; after: NodeRef },
  filter: TypeFilter,
): AsyncGenerator<StateDifference[], void, void> {
  const stack: Pair[] = roots.before === roots.after ? [] : [{ ...roots, depth: 0, first: MEMBER_NIBBLE }]
  while (stack.length > 0) {
    const pairs = stack.splice(-NODES_AT_ONCE).reverse()
    const refs = pairs.flatMap(({ before, after }) => [before, after]).filter(isNode)
    const opened = deps.reader.openAll(room, refs)
    const nodes = new Map((Array.isArray(opened) ? opened : await opened).map((node) => [node.ref, node]))
    const batch: StateDifference[] = []
    const below: Pair[] = []
    for (const pair of pairs) {
      const before = content(pair.before, nodes)
      const after = content(pair.after, nodes)
      if (!isInner(before) && !isInner(after)) compareLeaves(before, after, filter, batch)
      else if (!(isInner(before) && isInner(after) && before.sameSet(after))) {
        below.push(...childPairs(deps.paths, pair, before, after, filter))
      }
    }
    for (const pair of below.reverse()) stack.push(pair)
    if (batch.length > 0) yield batch
    if (deps.pacer.spend(pairs.length + batch.length)) await deps.pacer.rest()
  }
}

function isNode(side: Side): side is NodeRef {
  return typeof side === 'number' && side !== EMPTY_TREE
}

type Content = TreeNode | readonly PackedEntry[]

function isInner(content: Content): content is TreeNode {
  return content instanceof TreeNode
}

function content(side: Side, nodes: ReadonlyMap<NodeRef, TreeNode>): Content {
  if (typeof side !== 'number') return side
  const node = nodes.get(side)
  if (!node) return []
  return node.isLeaf ? node.packedEntries() : node
}

function childPairs(paths: KeyPaths, pair: Pair, before: Content, after: Content, filter: TypeFilter): Pair[] {
  const { depth, first } = pair
  const inner = isInner(before) ? before : isInner(after) ? after : undefined
  const befores = childSides(paths, before, depth, inner)
  const afters = childSides(paths, after, depth, inner)
  const pairs: Pair[] = []
  for (let nibble = 0; nibble < 16; nibble++) {
    const before = befores[nibble] ?? EMPTY_TREE
    const after = afters[nibble] ?? EMPTY_TREE
    if (before === after || !filter.follows(depth, first, nibble)) continue
    pairs.push({ before, after, depth: depth + 1, first: depth === 0 ? nibble : first })
  }
  return pairs
}

function childSides(
  paths: KeyPaths,
  content: Content,
  depth: number,
  inner: TreeNode | undefined,
): (Side | undefined)[] {
  if (isInner(content)) return content.children()
  const entries: PathEntry[] = content.map((entry) => ({ ...entry, path: paths.ofPacked(entry.key) }))
  return groupByNibble(entries, depth, ({ path }) => path, inner)
}

/** Merges two lists that ascend by key. */
function compareLeaves(
  before: readonly PackedEntry[],
  after: readonly PackedEntry[],
  filter: TypeFilter,
  differences: StateDifference[],
): void {
  let b = 0
  let a = 0
  for (;;) {
    const left = before[b]
    const right = after[a]
    if (!left && !right) return
    const order = !left ? 1 : !right ? -1 : compareKeys(left.key, right.key)
    if (order <= 0) b++
    if (order >= 0) a++
    const was = order <= 0 ? left : undefined
    const is = order >= 0 ? right : undefined
    const key = was?.key ?? is?.key
    if (!key || was?.event === is?.event) continue
    const reader = new PackedReader(key, 0, key.length)
    const type = readType(reader)
    if (!filter.accepts(type)) continue
    differences.push({ type, stateKey: readStateKey(reader), before: was?.event, after: is?.event })
  }
}
