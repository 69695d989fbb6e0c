import type { Endpoint, EndpointServices } from './endpoint.ts'
import type { HttpServer } from './http-server.ts'

/** What endpoints need of the server besides their own dependencies. */
export type RegisterOptions<Requesters extends object> = Omit<EndpointServices<Requesters>, 'bodyLimitBytes'>

/**
 * Adds endpoints to the server.
 * @param endpoints by operation ID: a route file's namespace (`import * as roomSend`) or several spread into one object.
 * @param deps must hold what every handler asks for.
 */
export function registerEndpoints<Deps, Requesters extends object>(
  server: HttpServer,
  endpoints: Readonly<Record<string, Endpoint<Deps, Requesters>>>,
  deps: Deps,
  options: RegisterOptions<Requesters>,
): void {
  const services: EndpointServices<Requesters> = { ...options, bodyLimitBytes: server.bodyLimitBytes }
  for (const [operationId, { method, paths, resources, servlet, auth, schemas, run }] of Object.entries(endpoints)) {
    server.addRoute({
      method,
      paths,
      resources,
      name: servlet ?? operationId,
      declared: { auth, schemas },
      serve: (request, parameters) => run(request, parameters, deps, services),
    })
  }
}
