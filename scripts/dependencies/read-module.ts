import { parseAst } from 'vitest/node'

/** What a module takes from another one in one statement or expression. */
export interface ModuleImport {
  /** As it is written. */
  readonly specifier: string
  /** Nothing is left of it when types are stripped. */
  readonly isTypeOnly: boolean
  /** The names that are taken as values; `*` for all of them. */
  readonly values: readonly string[]
  readonly line: number
}

/** Something every program may use without importing it, such as `Date.now`. */
export interface GlobalUse {
  readonly name: string
  readonly line: number
}

/** What a module takes from outside. */
export interface SourceModule {
  /** Relative to the workspace, with `/`. */
  readonly path: string
  readonly imports: readonly ModuleImport[]
  readonly globals: readonly GlobalUse[]
}

interface Node {
  readonly type: string
  readonly start: number
  readonly [field: string]: unknown
}

/**
 * Reads what a TypeScript module imports, types included, and which globals it uses as values.
 * @throws SyntaxError if it cannot be parsed.
 */
export function readModule(path: string, text: string): SourceModule {
  const imports: ModuleImport[] = []
  const globals: GlobalUse[] = []
  const lineAt = (offset: number) => text.slice(0, offset).split('\n').length
  const visit = (node: Node): void => {
    const found = importOf(node)
    if (found) imports.push({ ...found, line: lineAt(node.start) })
    const name = globalOf(node)
    if (name !== undefined) globals.push({ name, line: lineAt(node.start) })
    for (const child of children(node)) visit(child)
  }
  for (const statement of parseAst(text, { lang: 'ts' }, path).body) visit(asNode(statement))
  return { path, imports, globals }
}

function importOf(node: Node): Omit<ModuleImport, 'line'> | undefined {
  const specifier = literal(node['source'])
  if (specifier === undefined) return undefined
  switch (node.type) {
    case 'ImportDeclaration':
      return statementImport(specifier, node['importKind'], nodes(node['specifiers']), 'imported', 'importKind')
    case 'ExportNamedDeclaration':
      return statementImport(specifier, node['exportKind'], nodes(node['specifiers']), 'local', 'exportKind')
    case 'ExportAllDeclaration':
      return {
        specifier,
        isTypeOnly: node['exportKind'] === 'type',
        values: node['exportKind'] === 'type' ? [] : ['*'],
      }
    case 'ImportExpression':
      return { specifier, isTypeOnly: false, values: ['*'] }
    case 'TSImportType':
      return { specifier, isTypeOnly: true, values: [] }
    default:
      return undefined
  }
}

function statementImport(
  specifier: string,
  kind: unknown,
  names: readonly Node[],
  nameField: string,
  kindField: string,
): Omit<ModuleImport, 'line'> {
  if (kind === 'type') return { specifier, isTypeOnly: true, values: [] }
  const values = names.filter((name) => name[kindField] !== 'type').map((name) => identifier(name[nameField]) ?? '*')
  // A statement without names runs the module.
  return { specifier, isTypeOnly: names.length > 0 && values.length === 0, values }
}

const TIMERS: ReadonlySet<string> = new Set(['setTimeout', 'setInterval'])
const MEMBERS: ReadonlySet<string> = new Set([
  'Date.now',
  'Math.random',
  'performance.now',
  'performance.timeOrigin',
  'process.hrtime',
  'process.uptime',
  'AbortSignal.timeout',
  'crypto.getRandomValues',
  'crypto.randomUUID',
])

/** The clock, timer or source of randomness that an expression takes hold of. */
function globalOf(node: Node): string | undefined {
  if (node.type === 'MemberExpression') {
    const object = identifier(node['object'])
    const property = identifier(node['property']) ?? literal(node['property'])
    if (object === 'globalThis' && property !== undefined && TIMERS.has(property)) return property
    const name = `${object}.${property}`
    return MEMBERS.has(name) ? name : undefined
  }
  if (node.type === 'CallExpression') {
    const callee = identifier(node['callee'])
    if (callee === 'Date') return 'Date()'
    return callee !== undefined && TIMERS.has(callee) ? callee : undefined
  }
  if (node.type === 'NewExpression') {
    const isNow = identifier(node['callee']) === 'Date' && nodes(node['arguments']).length === 0
    return isNow ? 'new Date()' : undefined
  }
  return undefined
}

function children(node: Node): Node[] {
  return Object.values(node).flatMap((value) => (isNode(value) ? [value] : nodes(value)))
}

function nodes(value: unknown): Node[] {
  return Array.isArray(value) ? value.filter(isNode) : []
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null && 'type' in value && 'start' in value
}

function asNode(value: unknown): Node {
  if (!isNode(value)) throw new TypeError('the parser gave no syntax tree')
  return value
}

function identifier(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Identifier' && typeof value['name'] === 'string' ? value['name'] : undefined
}

function literal(value: unknown): string | undefined {
  return isNode(value) && value.type === 'Literal' && typeof value['value'] === 'string' ? value['value'] : undefined
}
