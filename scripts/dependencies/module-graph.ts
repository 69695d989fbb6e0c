import { builtinModules } from 'node:module'
import { posix } from 'node:path'
import type { ModuleImport, SourceModule } from './read-module.ts'

/** An import whose other end is known. */
export interface Dependency extends ModuleImport {
  readonly from: string
  /** A path in the workspace, `node:fs` and the like, or the name of a package in `node_modules`. */
  readonly to: string
}

const BUILT_IN: ReadonlySet<string> = new Set(builtinModules)

/**
 * Finds out what the imports of modules lead to.
 * @param entries the module that stands for each package of the workspace, by the package's name.
 */
export function resolveImports(modules: readonly SourceModule[], entries: ReadonlyMap<string, string>): Dependency[] {
  return modules.flatMap(({ path, imports }) =>
    imports.map((found) => ({ ...found, from: path, to: target(path, found.specifier, entries) })),
  )
}

function target(from: string, specifier: string, entries: ReadonlyMap<string, string>): string {
  if (specifier.startsWith('.')) return posix.join(posix.dirname(from), specifier)
  if (BUILT_IN.has(specifier) && !specifier.startsWith('node:')) return `node:${specifier}`
  if (specifier.startsWith('node:')) return specifier
  const name = packageName(specifier)
  return entries.get(name) ?? name
}

/** `@scope/name/path` and `name/path` without their path. */
function packageName(specifier: string): string {
  const parts = specifier.split('/')
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
}

/**
 * Circles of imports, type-only ones included: modules that import each other are one module in several files.
 * @returns one circle for each group of modules that reach each other, as a path whose last module imports its first.
 */
export function findCycles(dependencies: readonly Dependency[]): string[][] {
  const next = new Map<string, Set<string>>()
  for (const { from, to } of dependencies) {
    const targets = next.get(from)
    if (targets) targets.add(to)
    else next.set(from, new Set([to]))
  }
  const cycles: string[][] = []
  const done = new Set<string>()
  for (const start of next.keys()) {
    if (done.has(start)) continue
    const cycle = shortestCycle(start, next)
    if (cycle) cycles.push(cycle)
    for (const module of cycle ?? [start]) done.add(module)
  }
  return cycles
}

function shortestCycle(start: string, next: ReadonlyMap<string, ReadonlySet<string>>): string[] | undefined {
  const paths = [[start]]
  const seen = new Set<string>()
  for (let path = paths.shift(); path !== undefined; path = paths.shift()) {
    for (const to of next.get(path.at(-1) ?? start) ?? []) {
      if (to === start) return path
      if (seen.has(to)) continue
      seen.add(to)
      paths.push([...path, to])
    }
  }
  return undefined
}
