import { execFileSync } from 'node:child_process'
import { globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')
const RELATIVE_TYPESCRIPT = /(\bfrom |\bimport\()(['"])(\.{1,2}\/[^'"]+)\.ts\2/g

/**
 * Emits the protocol package's JavaScript and type declarations into an empty folder.
 * @throws Error with the compiler's output if the sources have errors.
 */
export function emitProtocol(folder: string): void {
  rmSync(folder, { recursive: true, force: true })
  const project = join(root, 'packages/protocol/tsconfig.build.json')
  try {
    const compiler = join(root, 'node_modules/typescript/bin/tsc')
    execFileSync(process.execPath, [compiler, '-p', project, '--outDir', folder], { encoding: 'utf8', stdio: 'pipe' })
  } catch (cause) {
    const output = cause instanceof Error && 'stdout' in cause ? String(cause.stdout) : ''
    throw new Error(`packages/protocol does not compile\n${output}`, { cause })
  }
  // The compiler rewrites imports in JavaScript only; declarations would go on naming files that are not shipped.
  for (const path of globSync('**/*.d.ts', { cwd: folder })) {
    const file = join(folder, path)
    writeFileSync(file, withJavaScriptImports(readFileSync(file, 'utf8')))
  }
}

/** The text of a declaration file with `./x.js` for each relative import of `./x.ts`. */
export function withJavaScriptImports(declarations: string): string {
  return declarations.replace(RELATIVE_TYPESCRIPT, '$1$2$3.js$2')
}
