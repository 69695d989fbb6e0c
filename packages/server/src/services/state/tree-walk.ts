import { MEMBER_NIBBLE } from './common-types.ts'
import type { NodeReader } from './node-reader.ts'
import type { Pacer } from './pacer.ts'
import { MAX_DEPTH } from './state-key.ts'
import { chunkOf, EMPTY_TREE, type NodeRef, type StateEntry, type TreeNode } from './tree-node.ts'
import type { TypeFilter } from './type-filter.ts'

/** Nodes asked for together: what is not at hand is loaded in one go. */
export const NODES_AT_ONCE = 64

interface Visit {
  readonly ref: NodeRef
  readonly depth: number
  /** The path's first nibble. */
  readonly first: number
}

/**
 * The entries below a root that a filter accepts, at most NODES_AT_ONCE leaves' a batch. Memory stays bounded: nodes are
 * taken from a stack, so that a batch's children come before its siblings.
 */
export async function* walkEntries(
  deps: { reader: NodeReader; pacer: Pacer },
  room: number,
  root: NodeRef,
  filter: TypeFilter,
): AsyncGenerator<StateEntry[], void, void> {
  const stack: Visit[] = root === EMPTY_TREE ? [] : [{ ref: root, depth: 0, first: MEMBER_NIBBLE }]
  while (stack.length > 0) {
    const visits = stack.splice(-NODES_AT_ONCE).reverse()
    const opened = deps.reader.openAll(
      room,
      visits.map(({ ref }) => ref),
    )
    const nodes = Array.isArray(opened) ? opened : await opened
    const batch: StateEntry[] = []
    const below: Visit[] = []
    for (const [i, node] of nodes.entries()) {
      const { depth, first } = visits[i] ?? { depth: 0, first: 0 }
      if (node.isLeaf) {
        for (const entry of node.entries(filter.accepts)) batch.push(entry)
        continue
      }
      for (const [nibble, ref] of childrenOf(node, depth)) {
        if (filter.follows(depth, first, nibble))
          below.push({ ref, depth: depth + 1, first: depth === 0 ? nibble : first })
      }
    }
    for (const visit of below.reverse()) stack.push(visit)
    if (batch.length > 0) yield batch
    if (deps.pacer.spend(visits.length + batch.length)) await deps.pacer.rest()
  }
}

function* childrenOf(node: TreeNode, depth: number): Generator<[nibble: number, ref: NodeRef]> {
  if (depth >= MAX_DEPTH) throw node.corrupt(`inner node at depth ${depth}`)
  for (const [nibble, ref] of node.children().entries()) if (ref !== EMPTY_TREE) yield [nibble, ref]
}

/** The IDs of all chunks that hold a node of one of the trees, each once. What trees share is read once. */
export async function* walkChunks(
  deps: { reader: NodeReader; pacer: Pacer },
  room: number,
  roots: Iterable<NodeRef>,
): AsyncGenerator<number, void, void> {
  const seen = new Set<NodeRef>([EMPTY_TREE])
  const chunks = new Set<number>()
  const stack: NodeRef[] = []
  const visit = (ref: NodeRef): void => {
    if (seen.has(ref)) return
    seen.add(ref)
    stack.push(ref)
  }
  for (const root of roots) {
    visit(root)
    while (stack.length > 0) {
      const refs = stack.splice(-NODES_AT_ONCE)
      const nodes = await deps.reader.openAll(room, refs)
      for (const node of nodes) {
        const chunk = chunkOf(node.ref)
        if (!chunks.has(chunk)) {
          chunks.add(chunk)
          yield chunk
        }
        if (!node.isLeaf) node.children().forEach(visit)
      }
      if (deps.pacer.spend(refs.length)) await deps.pacer.rest()
    }
  }
}
