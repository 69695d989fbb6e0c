import { type KeyPath, nibbleAt } from './state-key.ts'
import type { TreeNode } from './tree-node.ts'

/** Distributes items to the children of a node at `depth`. @throws StateTreeError if there can be no such node. */
export function groupByNibble<T>(
  items: readonly T[],
  depth: number,
  pathOf: (item: T) => KeyPath,
  node?: TreeNode,
): (T[] | undefined)[] {
  const groups: (T[] | undefined)[] = new Array(16).fill(undefined)
  for (const item of items) {
    const nibble = nibbleAt(pathOf(item), depth)
    if (nibble === undefined) throw node?.corrupt(`inner node at depth ${depth}`) ?? new RangeError(`depth ${depth}`)
    const group = groups[nibble]
    if (group) group.push(item)
    else groups[nibble] = [item]
  }
  return groups
}
