import { globSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { checkDuplicates, checkRoutes, isEndpointLink, operationAnchors, type Route } from './spec/check-routes.ts'
import { isSpecLink, specLinks } from './spec/links.ts'
import { type Operation, readOperations } from './spec/openapi.ts'

/**
 * Checks that `@spec` links have a form that exists, and that endpoints agree with the specification's OpenAPI files
 * (`data/api` of the matrix-spec repository; in $MATRIX_SPEC, or beside the checkout in shared/matrix-spec).
 */
const root = join(import.meta.dirname, '..')
const specFolder = process.env['MATRIX_SPEC'] ?? join(root, '../shared/matrix-spec')
const api = join(root, 'packages/server/src/api')
const problems: string[] = []

const specification = new Map<string, Map<string, Operation[]>>()
for (const name of ['client-server', 'server-server', 'application-service', 'push-gateway', 'identity']) {
  const operations = readOperations(join(specFolder, 'api', name))
  if (operations) specification.set(name, operations)
}
const anchors = operationAnchors([...specification.values()].flatMap((files) => [...files.values()]))

let links = 0
for (const path of globSync('packages/*/{src,test}/**/*.ts', { cwd: root }).sort()) {
  for (const { target, line } of specLinks(readFileSync(join(root, path), 'utf8'))) {
    links++
    if (!isSpecLink(target)) problems.push(`${path}:${line}: @spec ${target} names no part of the specification`)
    else if (specification.size > 0 && isEndpointLink(target, anchors) === false) {
      problems.push(`${path}:${line}: @spec ${target} names no endpoint of the specification`)
    }
  }
}

const routes = await readRoutes()
problems.push(...checkDuplicates(routes))
for (const [name, operations] of specification) {
  const own = routes.filter(({ file }) => file.startsWith(`packages/server/src/api/${name}/`))
  problems.push(...checkRoutes(own, operations))
}

for (const problem of problems) console.error(problem)
console.log(`spec: ${links} links, ${routes.length} endpoints, ${problems.length} problems`)
if (specification.size === 0) console.log('spec: no OpenAPI files here, so endpoints were not compared with them')
process.exitCode = problems.length === 0 ? 0 : 1

async function readRoutes(): Promise<Route[]> {
  const files = globSync('*/*.ts', { cwd: api }).filter((file) => !file.endsWith('.test.ts'))
  const lists = await Promise.all(files.sort().map((file) => routesOf(file)))
  return lists.flat()
}

async function routesOf(file: string): Promise<Route[]> {
  const module: Readonly<Record<string, unknown>> = await import(join(api, file))
  return Object.entries(module).flatMap(([name, value]) => {
    if (!isEndpoint(value)) return []
    const { method, paths } = value
    const document = basename(file, '.ts')
    return [{ file: join('packages/server/src/api', dirname(file), basename(file)), document, name, method, paths }]
  })
}

function isEndpoint(value: unknown): value is { readonly method: string; readonly paths: readonly string[] } {
  return typeof value === 'object' && value !== null && 'method' in value && 'paths' in value && 'run' in value
}
