import type { Registry } from 'prom-client'
import type { HttpServer } from './http-server.ts'
import { RawReply } from './reply.ts'

/** `/health`, which every HTTP listener answers. */
export function addHealthRoute(server: HttpServer): void {
  const ok = new RawReply({ body: 'OK', contentType: 'text/plain; charset=utf-8' })
  server.addRoute({ method: 'GET', paths: ['/health'], resources: ['health'], name: 'health', serve: () => ok })
}

/** The metrics, where Prometheus looks by itself and where Synapse has them. */
export function addMetricsRoutes(server: HttpServer, registry: Registry): void {
  server.addRoute({
    method: 'GET',
    paths: ['/metrics', '/_synapse/metrics'],
    resources: ['metrics'],
    name: 'metrics',
    serve: async () => new RawReply({ body: await registry.metrics(), contentType: registry.contentType }),
  })
}
