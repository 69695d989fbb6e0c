import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { checkModules, type WorkspacePackage } from './dependencies/check-modules.ts'
import { readModule } from './dependencies/read-module.ts'

/** Checks which way the imports of the workspace point; see `dependencies/rules.ts`. */
const root = join(import.meta.dirname, '..')
const paths = globSync(['packages/*/{src,test}/**/*.ts', 'scripts/**/*.ts'], { cwd: root })
const modules = paths.sort().map((path) => readModule(path, readFileSync(join(root, path), 'utf8')))
const violations = checkModules(modules, readPackages())

for (const violation of violations) console.error(violation)
console.log(`dependencies: ${modules.length} modules, ${violations.length} violations`)
process.exitCode = violations.length === 0 ? 0 : 1

interface PackageJson {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly exports?: { readonly '.'?: string }
}

function readPackages(): WorkspacePackage[] {
  return globSync('packages/*/package.json', { cwd: root }).map((path) => {
    const { name, exports, dependencies = {} }: PackageJson = JSON.parse(readFileSync(join(root, path), 'utf8'))
    const folder = path.slice(0, -'/package.json'.length)
    const entry = exports?.['.']
    return {
      name,
      folder,
      entry: entry === undefined ? undefined : join(folder, entry),
      dependencies: Object.keys(dependencies),
    }
  })
}
