import { type Dependency, findCycles, resolveImports } from './module-graph.ts'
import type { SourceModule } from './read-module.ts'
import { CLOCK_READERS, forbids, RULES, TEST_MODULES } from './rules.ts'

/** A package of the workspace, as far as its imports go. */
export interface WorkspacePackage {
  readonly name: string
  /** Relative to the workspace; `packages/server`. */
  readonly folder: string
  /** The module other packages get; undefined if none. */
  readonly entry: string | undefined
  /** Packages it declares. */
  readonly dependencies: readonly string[]
}

/**
 * Checks modules against the rules of `rules.ts`, for circles and for packages that are used but not declared.
 * @returns a line for each violation, which names file and line.
 */
export function checkModules(modules: readonly SourceModule[], packages: readonly WorkspacePackage[]): string[] {
  const entries = new Map<string, string>()
  for (const { name, entry } of packages) if (entry !== undefined) entries.set(name, entry)
  const product = modules.filter(({ path }) => !TEST_MODULES.test(path))
  const dependencies = resolveImports(product, entries)
  return [
    ...dependencies.flatMap(ruleViolations),
    ...dependencies
      .filter((found) => !isDeclared(found, packages))
      .map(({ from, line, to }) => {
        return `${from}:${line}: ${to} is no dependency in the package.json of its package`
      }),
    ...product.flatMap(clockViolations),
    // Test support may not be part of a circle either.
    ...findCycles(resolveImports(modules, entries)).map((cycle) => `circle of imports: ${cycle.join(' -> ')}`),
  ]
}

function ruleViolations(dependency: Dependency): string[] {
  const { from, line, to } = dependency
  return RULES.filter((rule) => forbids(rule, dependency)).map((rule) => `${from}:${line}: imports ${to}; ${rule.name}`)
}

function clockViolations({ path, globals }: SourceModule): string[] {
  if (CLOCK_READERS.some((reader) => reader.path.test(path))) return []
  return globals.map(({ name, line }) => `${path}:${line}: ${name}; clock, timers and randomness are handed in`)
}

function isDeclared({ from, to }: Dependency, packages: readonly WorkspacePackage[]): boolean {
  const own = packages.find(({ folder }) => from.startsWith(`${folder}/`))
  if (!own || to.startsWith('node:')) return true
  const name = packages.find(({ entry }) => entry === to)?.name ?? to
  return to.startsWith(`${own.folder}/`) || name.startsWith('packages/') || own.dependencies.includes(name)
}
