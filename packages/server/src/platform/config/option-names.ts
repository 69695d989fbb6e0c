import type { OptionSchema } from './declare.ts'
import { REFUSED_OPTIONS, SYNAPSE_OPTIONS } from './synapse-options.ts'

/** A place in the tree of option names, and what may stand below it. */
export interface NameNode {
  /** Whether the option, or one below it, is declared, so that Magik acts on it. */
  honoured: boolean
  /** Keys of a map; `*` stands for any. */
  readonly children: Map<string, NameNode>
  /** The entries of a list. */
  items: NameNode | undefined
}

/** The names of every option: those declared, and those only Synapse has. */
export function optionNames(schema: OptionSchema): NameNode {
  const root = emptyNode()
  addDeclared(root, schema)
  for (const path of [...SYNAPSE_OPTIONS, ...Object.keys(REFUSED_OPTIONS)]) addPath(root, path)
  // Read by prepareListeners, as Synapse does.
  const address = root.children.get('listeners')?.items?.children.get('bind_address')
  if (address) address.honoured = true
  return root
}

function emptyNode(): NameNode {
  return { honoured: false, children: new Map(), items: undefined }
}

function addDeclared(node: NameNode, schema: OptionSchema): void {
  node.honoured = true
  for (const [name, property] of Object.entries(schema.properties ?? {})) addDeclared(childOf(node, name), property)
  for (const entry of Object.values(schema.patternProperties ?? {})) {
    if (entry.properties) addDeclared(childOf(node, '*'), entry)
  }
  if (schema.items) addDeclared(itemsOf(node), schema.items)
  for (const branch of schema.anyOf ?? []) addDeclared(node, branch)
}

function addPath(root: NameNode, path: string): void {
  let node = root
  for (const step of path.split('.')) {
    node = childOf(node, step.replace('[]', ''))
    if (step.endsWith('[]')) node = itemsOf(node)
  }
}

function childOf(node: NameNode, name: string): NameNode {
  const child = node.children.get(name) ?? emptyNode()
  node.children.set(name, child)
  return child
}

function itemsOf(node: NameNode): NameNode {
  node.items ??= emptyNode()
  return node.items
}
