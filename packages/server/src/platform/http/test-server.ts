import { MatrixError } from '@magik/protocol'
import { ManualClock } from '../clock/manual-clock.ts'
import { createLogger } from '../log/logger.ts'
import { type Endpoint, endpointFunction } from './endpoint.ts'
import { HttpServer, type HttpServerOptions } from './http-server.ts'
import { addHealthRoute } from './operator-routes.ts'
import { registerEndpoints } from './register-endpoints.ts'

/** Who may make requests in these tests. */
export interface TestRequesters {
  none: undefined
  user: { readonly userId: string }
  signed: { readonly origin: string }
}

export const endpoint = endpointFunction<TestRequesters>()

/** A server with the given endpoints, where the token `alice` is @alice's. Its log lines are collected. */
export async function testServer<Deps>(
  endpoints: Record<string, Endpoint<Deps, TestRequesters>>,
  deps: Deps,
  options: Partial<HttpServerOptions> = {},
) {
  const log: Record<string, unknown>[] = []
  const logger = createLogger({
    level: 'debug',
    destination: { write: (line) => void log.push(JSON.parse(line)) },
  })
  const limits: string[] = []
  const server = new HttpServer({ clock: new ManualClock(), logger, requestIdPrefix: 'test', ...options })
  addHealthRoute(server)
  registerEndpoints(server, endpoints, deps, {
    authenticators: {
      none: { authenticate: () => undefined },
      user: {
        authenticate(token) {
          if (token === undefined) throw new MatrixError('M_MISSING_TOKEN', 'Missing access token')
          if (token !== 'alice') throw new MatrixError('M_UNKNOWN_TOKEN', 'Unrecognised access token')
          return { userId: '@alice:example.org' }
        },
      },
      signed: {
        needsBody: true,
        async authenticate(_token, _request, body) {
          if (typeof body?.['origin'] !== 'string') throw new MatrixError('M_UNAUTHORIZED', 'Not signed')
          return { origin: body['origin'] }
        },
      },
    },
    limitRate: (limit) => void limits.push(limit),
  })
  await server.ready()
  return { server, app: server.app, log, limits }
}
