import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { parse } from 'yaml'

/** An operation of the specification. */
export interface Operation {
  readonly operationId: string
  readonly method: string
  readonly path: string
}

interface OpenApi {
  readonly servers?: readonly { readonly variables?: { readonly basePath?: { readonly default?: string } } }[]
  readonly paths?: Readonly<Record<string, Readonly<Record<string, { readonly operationId?: string } | undefined>>>>
}

const METHODS = ['get', 'put', 'post', 'delete', 'patch', 'options', 'head']

/**
 * Reads the operations of one API.
 * @param folder of the OpenAPI files, such as `.../api/client-server`.
 * @returns the operations by file name without extension; undefined if there is no such folder.
 */
export function readOperations(folder: string): Map<string, Operation[]> | undefined {
  if (!existsSync(folder)) return undefined
  const files = globSync('*.yaml', { cwd: folder }).sort()
  return new Map(files.map((file) => [basename(file, '.yaml'), operationsOf(join(folder, file))]))
}

function operationsOf(file: string): Operation[] {
  const { servers = [], paths = {} }: OpenApi = parse(readFileSync(file, 'utf8'))
  // One path ends in a blank there, so as not to be the same key twice.
  const base = servers[0]?.variables?.basePath?.default ?? ''
  return Object.entries(paths).flatMap(([path, methods]) =>
    METHODS.flatMap((method) => {
      const operationId = methods[method]?.operationId
      return operationId === undefined
        ? []
        : [{ operationId, method: method.toUpperCase(), path: `${base}${path}`.trim() }]
    }),
  )
}
