import type { JsonObject } from '@magik/protocol'
import Type, { type Static, type TObject, type TProperties, type TSchema, type TString } from 'typebox'
import { type BodyDeclaration, type BodyOf, bodyReader, pathReader } from './endpoint-input.ts'
import type { HttpRequest } from './http-request.ts'
import { queryReader } from './query-string.ts'
import type { RawReply } from './reply.ts'
import { type ResourceName, resourcesOfPath } from './resources.ts'
import { type Method, parseRoute, pathParameters, type RouteParameters, type RouteText } from './route-pattern.ts'

/**
 * Tells who makes a request.
 * @typeParam Requester what endpoints of this kind of authentication get.
 */
export interface Authenticator<Requester> {
  /** Whether the body takes part, as in a signed request; it is then read before anybody is authenticated. */
  readonly needsBody?: boolean
  /** @throws MatrixError M_MISSING_TOKEN, M_UNKNOWN_TOKEN and the like. */
  authenticate(
    token: string | undefined,
    request: HttpRequest,
    body: JsonObject | undefined,
  ): Requester | Promise<Requester>
}

/** One authenticator per kind; `Requesters` maps each kind's name to what it gives. */
export type Authenticators<Requesters extends object> = {
  readonly [Kind in keyof Requesters]: Authenticator<Requesters[Kind]>
}

/** What endpoints need besides their own dependencies. */
export interface EndpointServices<Requesters extends object> {
  readonly authenticators: Authenticators<Requesters>
  /**
   * Holds an endpoint to the limit it names, before its handler runs.
   * @throws MatrixError M_LIMIT_EXCEEDED
   */
  readonly limitRate?: (
    limit: string,
    call: { readonly request: HttpRequest; readonly requester: Requesters[keyof Requesters] },
  ) => void | Promise<void>
  /** Largest body, unless the endpoint says otherwise. */
  readonly bodyLimitBytes: number
}

/** What a handler is given. */
export interface EndpointCall<Requester, Path extends TProperties, Query extends TProperties, Body> {
  readonly path: Static<TObject<Path>>
  readonly query: Static<TObject<Query>>
  readonly body: BodyOf<Body>
  readonly requester: Requester
  readonly request: HttpRequest
}

/** Without a declared reply a handler may answer with any object. */
type ReplyOf<Reply extends TProperties> = string extends keyof Reply ? object : Static<TObject<Reply>> & object

/** An endpoint as it is written down. */
export interface EndpointDefinition<
  Requesters extends object,
  Route extends RouteText,
  Kind extends keyof Requesters,
  Path extends TProperties,
  Query extends TProperties,
  Body extends BodyDeclaration | undefined,
  Reply extends TProperties,
  Deps,
> {
  /** Method and path as the spec prints them. */
  readonly route: Route
  /** Further paths that answer alike: older versions, unstable names. One without a parameter gives it as `''`. */
  readonly also?: readonly `/${string}`[]
  /** The kind of authentication. */
  readonly auth: Kind
  /** A schema per path parameter; plain strings if left out. */
  readonly path?: Path & { readonly [Name in Exclude<keyof Path, RouteParameters<Route>>]: never }
  /** A schema per query parameter; others are ignored. */
  readonly query?: Query
  /** Left out: a body is not looked at. */
  readonly body?: Body
  /** The answer's members, as documentation and type. */
  readonly reply?: Reply
  /** Name of the rate limit that is consulted before the handler runs. */
  readonly rateLimit?: string
  /** Where the path alone does not tell: see `resourcesOfPath`. */
  readonly resources?: readonly ResourceName[]
  /** Where the body may be larger, or must be smaller, than is usual. */
  readonly bodyLimitBytes?: number
  /** Name in metrics where Synapse's dashboards look for one; else the operation ID. */
  readonly servlet?: string
  handle(
    call: EndpointCall<Requesters[Kind], Path, Query, Body>,
    deps: Deps,
  ): ReplyOf<Reply> | RawReply | Promise<ReplyOf<Reply> | RawReply>
}

/** What an endpoint declares, for documentation and for checks against the spec. */
export interface EndpointSchemas {
  readonly path: TProperties
  readonly query: TProperties
  readonly body: BodyDeclaration | undefined
  readonly reply: TProperties | undefined
}

/** An endpoint as it is registered: `Deps` are the dependencies its handler asks for. */
export interface Endpoint<in Deps, Requesters extends object> {
  readonly method: Method
  readonly paths: readonly string[]
  readonly auth: string
  readonly resources: readonly ResourceName[]
  readonly servlet: string | undefined
  readonly schemas: EndpointSchemas
  /** Answers one request, or throws the MatrixError that is the answer. */
  readonly run: (
    request: HttpRequest,
    parameters: Readonly<Record<string, string>>,
    deps: Deps,
    services: EndpointServices<Requesters>,
  ) => Promise<object>
}

/** How an endpoint is written down; see `EndpointDefinition`. */
export type EndpointFunction<Requesters extends object> = <
  const Route extends RouteText,
  Kind extends keyof Requesters & string,
  Path extends { [Name in RouteParameters<Route>]: TSchema } = { [Name in RouteParameters<Route>]: TString },
  Query extends TProperties = Record<never, never>,
  Body extends BodyDeclaration | undefined = undefined,
  Reply extends TProperties = TProperties,
  Deps = unknown,
>(
  definition: EndpointDefinition<Requesters, Route, Kind, Path, Query, Body, Reply, Deps>,
) => Endpoint<Deps, Requesters>

/**
 * Makes the `endpoint` function for an API.
 * @typeParam Requesters maps each kind of authentication to what handlers get as `requester`, for instance
 *   `{ none: undefined, user: Requester }`.
 */
export function endpointFunction<Requesters extends object>(): EndpointFunction<Requesters> {
  return <
    const Route extends RouteText,
    Kind extends keyof Requesters & string,
    Path extends TProperties,
    Query extends TProperties,
    Body extends BodyDeclaration | undefined,
    Reply extends TProperties,
    Deps,
  >(
    definition: EndpointDefinition<Requesters, Route, Kind, Path, Query, Body, Reply, Deps>,
  ): Endpoint<Deps, Requesters> => {
    const { auth, body, bodyLimitBytes, rateLimit } = definition
    const { method, path } = parseRoute(definition.route)
    const names = pathParameters(path)
    const paths = [path, ...(definition.also ?? [])]
    for (const name of paths.flatMap(pathParameters)) {
      if (!names.includes(name)) throw new Error(`{${name}} is no parameter of ${definition.route}`)
    }
    const pathSchemas: TProperties =
      definition.path ?? Object.fromEntries(names.map((name) => [name, Type.String()] as const))
    const readPath = pathReader<Path>(names, pathSchemas)
    const readQuery = queryReader<Query>(definition.query)
    const readBody = bodyReader<Body>(body)
    return {
      method,
      paths,
      auth,
      resources: definition.resources ?? resourcesOfPath(path),
      servlet: definition.servlet,
      schemas: { path: pathSchemas, query: definition.query ?? {}, body, reply: definition.reply },
      async run(request, parameters, deps, services) {
        const limitBytes = bodyLimitBytes ?? services.bodyLimitBytes
        const authenticator = services.authenticators[auth]
        const early = authenticator.needsBody ? await readBody(request, limitBytes) : undefined
        const requester = await authenticator.authenticate(request.accessToken, request, early?.json)
        const pathValues = readPath(parameters)
        const query = readQuery(request.query)
        const { value } = early ?? (await readBody(request, limitBytes))
        if (rateLimit !== undefined) await services.limitRate?.(rateLimit, { request, requester })
        return definition.handle({ path: pathValues, query, body: value, requester, request }, deps)
      },
    }
  }
}
