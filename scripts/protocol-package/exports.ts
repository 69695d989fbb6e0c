import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Declaration, readDeclarations } from './declarations.ts'

/** An exported declaration and the module it stands in, as path without extension: `event/redact`. */
export interface ExportedDeclaration extends Declaration {
  readonly module: string
}

/**
 * What a module of a folder of emitted declarations exports, in its order, wherever it is declared.
 * @throws Error if a name is exported that no module declares.
 */
export function readExports(folder: string, module = 'index'): ExportedDeclaration[] {
  const file = readDeclarations(readFileSync(join(folder, `${module}.d.ts`), 'utf8'))
  const taken = file.reexports.flatMap(({ from, names }) => {
    const source = join(dirname(module), from.replace(/\.[jt]s$/, ''))
    const offered = readExports(folder, source)
    if (names === undefined) return offered
    const missing = names.find((name) => !offered.some((declaration) => declaration.name === name))
    if (missing !== undefined) throw new Error(`${source} does not export ${missing}`)
    return offered.filter(({ name }) => names.includes(name))
  })
  return [...taken, ...file.declarations.map((declaration) => ({ ...declaration, module }))]
}
