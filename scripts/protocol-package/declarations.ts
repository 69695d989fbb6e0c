/** A statement that a declaration file exports. */
export interface Declaration {
  /** The overloads of a function share theirs. */
  readonly name: string
  readonly kind: string
  /** The comment before it, without comment signs; undefined if there is none. */
  readonly doc: string | undefined
  /** Its text without `export declare`; the comments on its members are part of it. */
  readonly text: string
}

/** What a declaration file passes on from another one. */
export interface Reexport {
  readonly from: string
  /** Undefined: all that the other exports. */
  readonly names: readonly string[] | undefined
}

/** What a declaration file exports, in its order. */
export interface DeclarationFile {
  readonly declarations: readonly Declaration[]
  readonly reexports: readonly Reexport[]
}

const DECLARED = /^export (?:declare )?(?:abstract )?(?<kind>class|interface|type|function|const) (?<name>[\w$]+)/
const ALL = /^export \* from ['"](?<from>[^'"]+)['"];$/
const NAMED = /^export (?:type )?\{(?<names>[^}]*)\} from ['"](?<from>[^'"]+)['"];$/

/**
 * Reads a declaration file as the TypeScript compiler writes it: a statement begins and ends without indentation, and
 * all that lies in between is indented.
 * @throws Error on an export it does not understand, so that nothing is left out in silence.
 */
export function readDeclarations(text: string): DeclarationFile {
  const declarations: Declaration[] = []
  const reexports: Reexport[] = []
  for (const { doc, text: statement } of statements(text)) {
    if (!statement.startsWith('export ') || statement === 'export {};') continue
    const all = ALL.exec(statement)?.groups
    const named = NAMED.exec(statement)?.groups
    const declared = DECLARED.exec(statement)?.groups
    if (all) reexports.push({ from: all['from'] ?? '', names: undefined })
    else if (named) reexports.push({ from: named['from'] ?? '', names: readNames(named['names'] ?? '') })
    else if (declared) {
      const { name = '', kind = '' } = declared
      declarations.push({ name, kind, doc, text: statement.replace(/^export (declare )?/, '') })
    } else throw new Error(`an export of a kind unknown here: ${statement}`)
  }
  return { declarations, reexports }
}

function readNames(list: string): string[] {
  const names = list.split(',').map((name) => name.trim().replace(/^type /, ''))
  const renamed = names.find((name) => name.includes(' as '))
  if (renamed !== undefined) throw new Error(`an export under another name: ${renamed}`)
  return names.filter((name) => name !== '')
}

interface Statement {
  readonly doc: string | undefined
  readonly text: string
}

function statements(text: string): Statement[] {
  const found: Statement[] = []
  let comment: string[] | undefined
  let doc: string | undefined
  let lines: string[] = []
  for (const line of text.split('\n')) {
    if (lines.length === 0 && line.startsWith('/*')) comment = []
    if (comment !== undefined) {
      comment.push(line)
      if (!line.endsWith('*/')) continue
      doc = comment[0]?.startsWith('/**') ? withoutSigns(comment) : doc
      comment = undefined
      continue
    }
    if (lines.length === 0 && line === '') continue
    lines.push(line)
    if (/^\S.*;$|^\}$/.test(line)) {
      found.push({ doc, text: lines.join('\n') })
      doc = undefined
      lines = []
    }
  }
  return found
}

function withoutSigns(comment: readonly string[]): string {
  return comment
    .map((line) => line.replace(/\s*\*+\/$/, '').replace(/^\s*\/?\*+ ?/, ''))
    .join('\n')
    .trim()
}
