/** HTTP methods an endpoint may have. HEAD comes with GET, OPTIONS is answered everywhere. */
export type Method = 'GET' | 'PUT' | 'POST' | 'DELETE' | 'PATCH'

/** A route as the spec prints it: method, blank, path with `{parameters}`. */
export type RouteText = `${Method} /${string}`

/** Names of the parameters in a route or path. */
export type RouteParameters<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}`
  ? Name | RouteParameters<Rest>
  : never

/** Cuts a route into its parts. */
export function parseRoute(text: RouteText): { readonly method: Method; readonly path: string } {
  const blank = text.indexOf(' ')
  const method = METHODS.find((known) => known === text.slice(0, blank))
  if (method === undefined) throw new Error(`Not a route: ${text}`)
  return { method, path: text.slice(blank + 1) }
}

const METHODS: readonly Method[] = ['GET', 'PUT', 'POST', 'DELETE', 'PATCH']

/** The parameters of a path, in order. */
export function pathParameters(path: string): string[] {
  return [...path.matchAll(/\{([^{}/]+)\}/g)].map(([, name]) => name ?? '')
}

/** A path in the router's spelling: `{roomId}` becomes `:roomId`. */
export function routerPath(path: string): string {
  return path.replaceAll(':', '::').replaceAll(/\{([^{}/]+)\}/g, ':$1')
}
