import { nearestName } from './nearest-name.ts'
import type { NameNode } from './option-names.ts'
import type { ConfigProblem } from './problem.ts'
import { isMap } from './read-option.ts'
import { REFUSED_OPTIONS } from './synapse-options.ts'

/** What the names in a configuration come to. */
export interface NameFindings {
  /** Options neither Magik nor Synapse has, each with the nearest one that exists, and options nobody accepts any more. */
  readonly problems: ConfigProblem[]
  /** Options of Synapse that Magik does not honour, outermost only, without indexes of lists. */
  readonly ignored: Set<string>
}

/** Compares every key of a configuration with the names there are. Keys that begin with `x-` are free. */
export function checkNames(raw: unknown, names: NameNode): NameFindings {
  const findings: NameFindings = { problems: [], ignored: new Set() }
  visit(raw, names, names, { path: '', plainPath: '', ignored: false }, findings)
  return findings
}

interface Place {
  /** With indexes of lists, for problems. */
  readonly path: string
  /** Without them, for warnings. */
  readonly plainPath: string
  /** Whether an option further out is ignored already, so that those inside need no word. */
  readonly ignored: boolean
}

function visit(raw: unknown, node: NameNode, root: NameNode, place: Place, findings: NameFindings): void {
  const { items } = node
  if (Array.isArray(raw) && items) {
    raw.forEach((item: unknown, index) => {
      visit(item, items, root, { ...place, path: `${place.path}[${index}]` }, findings)
    })
    return
  }
  if (!isMap(raw) || node.children.size === 0) return
  for (const [name, value] of Object.entries(raw)) {
    if (!name.startsWith('x-')) visitKey(name, value, node, root, place, findings)
  }
}

function visitKey(
  name: string,
  value: unknown,
  node: NameNode,
  root: NameNode,
  place: Place,
  findings: NameFindings,
): void {
  const path = join(place.path, name)
  const plainPath = join(place.plainPath, name)
  const child = node.children.get(name) ?? node.children.get('*')
  const refusal = REFUSED_OPTIONS[plainPath]
  if (refusal !== undefined) {
    findings.problems.push({ path, message: refusal })
  } else if (!child) {
    findings.problems.push({ path, message: `is no option${suggestion(name, node, root, place)}` })
  } else {
    const ignored = place.ignored || !child.honoured
    if (ignored && !place.ignored) findings.ignored.add(plainPath)
    visit(value, child, root, { path, plainPath, ignored }, findings)
  }
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}

function suggestion(name: string, node: NameNode, root: NameNode, { path, plainPath }: Place): string {
  const [elsewhere] = findPaths(root, name, '')
  const candidates = [...node.children.keys()].filter(
    (key) => key !== '*' && REFUSED_OPTIONS[join(plainPath, key)] === undefined,
  )
  const near = nearestName(name, candidates)
  if (near !== undefined && near.distance <= 3) return `; did you mean ${join(path, near.name)}?`
  if (elsewhere !== undefined) return `; did you mean ${elsewhere}?`
  return near === undefined ? '' : `; the nearest one is ${join(path, near.name)}`
}

/** Where an option of that name stands in the whole tree. */
function findPaths(node: NameNode, name: string, path: string): string[] {
  const below = [...node.children].flatMap(([key, child]) => {
    const at = join(path, key)
    return key === name ? [at] : findPaths(child, name, at)
  })
  return node.items ? [...below, ...findPaths(node.items, name, `${path}[]`)] : below
}
