import { endpointAnchor } from './links.ts'
import type { Operation } from './openapi.ts'

/** An endpoint that a module exports. */
export interface Route {
  /** The module's path. */
  readonly file: string
  /** The module's name, which is that of an OpenAPI file. */
  readonly document: string
  /** The name it is exported under. */
  readonly name: string
  readonly method: string
  /** The path the specification prints, then others under which it answers, too. */
  readonly paths: readonly string[]
}

/**
 * Compares the endpoints of one API with the specification: each stands in the file named after its OpenAPI file, is
 * exported under its operation ID, and has its method and path.
 * @returns a line for each disagreement.
 */
export function checkRoutes(routes: readonly Route[], operations: ReadonlyMap<string, readonly Operation[]>): string[] {
  return routes.flatMap(({ file, document, name, method, paths }) => {
    const known = operations.get(document)
    if (!known) return [`${file}: exports the endpoint ${name}, but the specification has no file ${document}.yaml`]
    const operation = known.find(({ operationId }) => operationId === name)
    if (!operation) return [`${file}: ${name} is no operation of ${document}.yaml`]
    const expected = `${operation.method} ${operation.path}`
    const actual = `${method} ${paths[0]}`
    return actual === expected ? [] : [`${file}: ${name} answers ${actual}; the specification has ${expected}`]
  })
}

/** @returns a line for each method and path that two endpoints claim. */
export function checkDuplicates(routes: readonly Route[]): string[] {
  const owners = new Map<string, string>()
  const problems: string[] = []
  for (const { file, name, method, paths } of routes) {
    for (const path of paths) {
      const key = `${method} ${path.replaceAll(/\{[^}]*\}/g, '{}')}`
      const owner = owners.get(key)
      if (owner !== undefined) problems.push(`${file}: ${name} answers ${key}, as ${owner} does`)
      owners.set(key, `${name} of ${file}`)
    }
  }
  return problems
}

/** Links to endpoints, `.../#put_matrix...`, that the specification does not have. */
export function isEndpointLink(target: string, anchors: ReadonlySet<string>): boolean | undefined {
  const anchor = /#((?:get|put|post|delete|patch|options|head)(?:_matrix|well-known).*)$/.exec(target)?.[1]
  return anchor === undefined ? undefined : anchors.has(anchor)
}

/** The anchors of operations on the specification's pages. */
export function operationAnchors(operations: Iterable<readonly Operation[]>): Set<string> {
  return new Set([...operations].flatMap((list) => list.map(({ method, path }) => endpointAnchor(method, path))))
}
