import type { IncomingMessage, ServerResponse } from 'node:http'
import { MatrixError } from '@magik/protocol'
import fastify, { type FastifyInstance, type HTTPMethods } from 'fastify'
import type { Clock } from '../clock/clock.ts'
import type { Logger } from '../log/logger.ts'
import { preflightReply } from './cors.ts'
import type { EndpointSchemas } from './endpoint.ts'
import { errorReply } from './error-reply.ts'
import type { HttpMetrics, RouteMetrics } from './http-metrics.ts'
import { HttpRequest } from './http-request.ts'
import { ConnectionListeners } from './listener-context.ts'
import { OverloadError } from './overload-error.ts'
import { RequestAbortedError } from './read-body.ts'
import { redactedUrl } from './redacted-url.ts'
import { jsonReply, type RawReply, rendered } from './reply.ts'
import type { ResourceName } from './resources.ts'
import { RouteIndex } from './route-index.ts'
import { type Method, routerPath } from './route-pattern.ts'
import { writeReply } from './write-reply.ts'

/** What the server is made with. */
export interface HttpServerOptions {
  readonly clock: Clock
  readonly logger: Logger
  readonly metrics?: HttpMetrics
  /** Largest body of a request, unless its endpoint says otherwise. Default: the largest federation transaction. */
  readonly bodyLimitBytes?: number
  /** First part of the request IDs made here; should differ between processes and starts. */
  readonly requestIdPrefix?: string
  /** Recognises other parts' errors that mean "too much to do, try again". */
  readonly isOverload?: (error: unknown) => boolean
  /** Recognises other parts' errors that are the caller's fault. */
  readonly asRefusal?: (error: unknown) => MatrixError | undefined
}

/** One route: where it is, and what answers there. */
export interface Route {
  readonly method: Method
  /** In the spec's spelling, with `{parameters}`; several paths may answer alike. */
  readonly paths: readonly string[]
  /** A listener serves the route if it serves any of these. */
  readonly resources: readonly ResourceName[]
  /** Name in logs and metrics. */
  readonly name: string
  /** What its endpoint declares; plain routes have none. */
  readonly declared?: { readonly auth: string; readonly schemas: EndpointSchemas }
  /** @returns a `RawReply`, or an object that becomes JSON. */
  serve(request: HttpRequest, parameters: Readonly<Record<string, string>>): object | Promise<object>
}

/** 200 of the largest events: what a federation transaction may weigh. */
const DEFAULT_BODY_LIMIT_BYTES = 200 * 65_536

/** Longest path parameter; identifiers have at most 255 bytes, percent-encoded thrice that. */
const MAX_PARAMETER_LENGTH = 2_048

/** The router's methods that carry a body: told to leave it alone, as endpoints read theirs themselves. */
const BODY_METHODS = ['POST', 'PUT', 'PATCH', 'DELETE']

/**
 * Routes requests, turns whatever a route gives back or throws into an answer, and knows which requests are under way.
 * It listens nowhere itself: listeners feed it through `handle`, tests through `app.inject`.
 */
export class HttpServer {
  /** The router. Routes are added by `addRoute`, never directly. */
  readonly app: FastifyInstance
  readonly connections = new ConnectionListeners()
  readonly bodyLimitBytes: number
  readonly logger: Logger
  readonly clock: Clock
  readonly #options: HttpServerOptions
  readonly #index = new RouteIndex<Route>()
  readonly #routes: Route[] = []
  readonly #underWay = new Set<HttpRequest>()
  readonly #idPrefix: string
  #requests = 0
  #isDraining = false
  #whenIdle: (() => void) | undefined

  constructor(options: HttpServerOptions) {
    this.#options = options
    this.clock = options.clock
    this.logger = options.logger
    this.bodyLimitBytes = options.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES
    this.#idPrefix = options.requestIdPrefix ?? options.clock.now().toString(36)
    this.app = fastify({
      logger: false,
      return503OnClosing: false,
      routerOptions: { maxParamLength: MAX_PARAMETER_LENGTH, querystringParser: () => ({}) },
      // Errors from before routing: the URL is not one, or a parameter is too long.
      frameworkErrors: (error, request, reply) => {
        reply.hijack()
        const problem =
          error.code === 'FST_ERR_MAX_PARAM_LENGTH'
            ? new MatrixError('M_INVALID_PARAM', 'A path parameter is too long')
            : new MatrixError('M_INVALID_PARAM', 'The path is not percent-encoded UTF-8')
        this.#answer(UNROUTED, request.raw, reply.raw, () => {
          throw problem
        })
      },
    })
    for (const method of BODY_METHODS) this.app.addHttpMethod(method, { hasBody: false, overrideExisting: true })
    this.app.options('/*', (request, reply) => {
      reply.hijack()
      this.#answer(UNROUTED, request.raw, reply.raw, () => preflightReply)
    })
    this.app.setNotFoundHandler((request, reply) => {
      reply.hijack()
      this.#answer(UNROUTED, request.raw, reply.raw, (known) => this.#unrecognized(known))
    })
    this.app.setErrorHandler((error, request, reply) => {
      reply.hijack()
      this.#answer(UNROUTED, request.raw, reply.raw, () => {
        throw error
      })
    })
  }

  /** Adds a route; only before the server is ready. */
  addRoute(route: Route): void {
    this.#routes.push(route)
    const metrics = this.#options.metrics?.route(route.method, route.name)
    for (const path of route.paths) {
      this.#index.add(path, route)
      const routed: RoutedTo = { route, metrics, text: `${route.method} ${path}` }
      const method: HTTPMethods = route.method
      this.app.route<{ Params: Record<string, string> }>({
        method,
        url: routerPath(path),
        handler: (request, reply) => {
          reply.hijack()
          this.#answer(routed, request.raw, reply.raw, (known) =>
            route.resources.some(known.listener.serves) ? route.serve(known, request.params) : unknownPath(),
          )
        },
      })
    }
  }

  /** Every route added so far; for tests that try each. */
  get routes(): readonly Route[] {
    return this.#routes
  }

  /** Resolves once all routes are in place; nothing may be added afterwards. */
  async ready(): Promise<void> {
    await this.app.ready()
  }

  /** Answers one request of Node's HTTP server. */
  handle(raw: IncomingMessage, response: ServerResponse): void {
    this.app.routing(raw, response)
  }

  /** How many requests are under way. */
  get requestsUnderWay(): number {
    return this.#underWay.size
  }

  /**
   * Tells every request under way, and each that still comes, that the server is about to stop.
   * @returns resolves when none is under way any more.
   */
  drain(): Promise<void> {
    this.#isDraining = true
    for (const request of this.#underWay) request.noteDraining()
    if (this.#underWay.size === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#whenIdle = resolve
    })
  }

  /** Gives up the router. Connections are the listeners' to close. */
  async close(): Promise<void> {
    await this.app.close()
  }

  #answer(
    routed: RoutedTo,
    raw: IncomingMessage,
    response: ServerResponse,
    serve: (request: HttpRequest) => object | Promise<object>,
  ): void {
    const { clock, logger } = this.#options
    const listener = this.connections.of(raw.socket)
    const request = new HttpRequest({
      raw,
      id: this.#requestId(raw, listener.requestIdHeader),
      listener,
      logger,
      receivedAtMs: clock.monotonic(),
      isDraining: this.#isDraining,
    })
    this.#underWay.add(request)
    routed.metrics?.begin()
    response.once('close', () => this.#finished(routed, request, response))
    void this.#exchange(routed, request, response, serve)
  }

  async #exchange(
    routed: RoutedTo,
    request: HttpRequest,
    response: ServerResponse,
    serve: (request: HttpRequest) => object | Promise<object>,
  ): Promise<void> {
    let reply: RawReply
    try {
      reply = rendered(await serve(request))
    } catch (error) {
      if (error instanceof RequestAbortedError) {
        response.destroy()
        return
      }
      reply = this.#errorReply(error, routed, request)
    }
    try {
      await writeReply(request, response, reply, {
        compressed: routed.route?.resources.some(request.listener.compresses) ?? false,
        closeConnection: this.#isDraining,
      })
    } catch (error) {
      // Half an answer cannot be taken back: the client must see that it is incomplete.
      response.destroy()
      if (!request.disconnected.aborted) request.log.warn({ err: error, route: routed.text }, 'answer cut short')
    }
  }

  #errorReply(error: unknown, routed: RoutedTo, request: HttpRequest): RawReply {
    if (error instanceof MatrixError || error instanceof OverloadError) return errorReply(error)
    if (this.#options.isOverload?.(error)) {
      request.log.warn({ err: error, route: routed.text }, 'overloaded')
      return errorReply(new OverloadError('The server is overloaded', { cause: error }))
    }
    const refusal = this.#options.asRefusal?.(error)
    if (refusal !== undefined) return errorReply(refusal)
    request.log.error({ err: error, route: routed.text }, 'request failed')
    return errorReply(error)
  }

  #finished(routed: RoutedTo, request: HttpRequest, response: ServerResponse): void {
    this.#underWay.delete(request)
    if (!response.writableFinished) request.noteDisconnected()
    const durationMs = this.#options.clock.monotonic() - request.receivedAtMs
    routed.metrics?.end(response.headersSent ? response.statusCode : CLIENT_CLOSED_REQUEST, durationMs)
    if (this.#options.logger.isLevelEnabled('debug')) {
      const { method, url, ip, userAgent, listener } = request
      request.log.debug(
        {
          method,
          url: redactedUrl(url),
          status: response.statusCode,
          complete: response.writableFinished,
          durationMs,
          ip,
          userAgent,
          listener: listener.tag,
        },
        'request answered',
      )
    }
    if (this.#underWay.size === 0) this.#whenIdle?.()
  }

  #requestId(raw: IncomingMessage, header: string | undefined): string {
    this.#requests += 1
    if (header !== undefined) {
      const given = String(raw.headers[header] ?? '')
      // The ID goes into logs and back into a header, so only harmless ones are taken over.
      if (/^[\w.:/+=-]{1,128}$/.test(given)) return given
    }
    return `${this.#idPrefix}-${this.#requests.toString(36)}`
  }

  #unrecognized({ url, listener }: HttpRequest): RawReply {
    const [path = ''] = url.split('?', 1)
    const routes = this.#index.at(path).filter(({ resources }) => resources.some(listener.serves))
    if (routes.length === 0) unknownPath()
    const problem = new MatrixError('M_UNRECOGNIZED', 'Unrecognized request: wrong method', { status: 405 })
    const methods = new Set(routes.map(({ method }) => method))
    return jsonReply(problem.toJSON(), { status: problem.status, headers: { Allow: [...methods].join(', ') } })
  }
}

/** Where a request ended up. */
interface RoutedTo {
  readonly route: Route | undefined
  readonly metrics: RouteMetrics | undefined
  readonly text: string
}

const UNROUTED: RoutedTo = { route: undefined, metrics: undefined, text: 'none' }

/** In metrics, the status of a request whose client left before it was answered; never on the wire. */
const CLIENT_CLOSED_REQUEST = 499

function unknownPath(): never {
  throw new MatrixError('M_UNRECOGNIZED', 'Unrecognized request: unknown path', { status: 404 })
}
