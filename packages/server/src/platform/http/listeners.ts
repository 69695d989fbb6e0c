import { createServer, type Server, type ServerOptions } from 'node:http'
import { createServer as createTlsServer, Server as TlsServer } from 'node:https'
import type { Socket } from 'node:net'
import { isCoveredByTwin, listen, listenOnPath } from './bind-addresses.ts'
import { answerBrokenRequest } from './broken-request.ts'
import type { HttpServer } from './http-server.ts'
import type { ListenerContext } from './listener-context.ts'
import { impliedResources, type ResourceName } from './resources.ts'
import { readTlsCertificate, type TlsPaths } from './tls-certificate.ts'

/** A listener in the spelling of Synapse's `listeners`. */
export interface ListenerDefinition {
  readonly type: 'http' | 'metrics'
  /** Either this or `path`; 0 takes any free port. */
  readonly port: number | null
  /** A Unix socket, with the permissions of `mode`. */
  readonly path: string | null
  readonly mode: number
  readonly bind_addresses: readonly string[]
  readonly tls: boolean
  readonly x_forwarded: boolean
  readonly tag: string | null
  readonly request_id_header: string | null
  readonly resources: readonly { readonly names: readonly ResourceName[]; readonly compress: boolean }[]
}

/** What listeners share. */
export interface ListenersOptions {
  /** Needed by those with `tls`. */
  readonly tls?: TlsPaths
  /** How long a request's head may take to arrive. */
  readonly headersTimeoutMs?: number
  /** How long a whole request may take to arrive, uploads included; not how long its answer may take. */
  readonly requestTimeoutMs?: number
  /** How long an idle connection is kept; longer than proxies keep theirs, so that they close first. */
  readonly keepAliveTimeoutMs?: number
}

/** Where a listener is to be reached. */
export interface BoundAddress {
  readonly tag: string
  readonly tls: boolean
  /** Either address and port, or path. */
  readonly address: string
  readonly port: number | undefined
}

/** How long a TLS handshake may take. */
const HANDSHAKE_TIMEOUT_MS = 20_000

/**
 * Opens all listeners, or none.
 * @throws Error if an address cannot be bound, naming it, or the certificate cannot be used.
 */
export async function startListeners(
  server: HttpServer,
  definitions: readonly ListenerDefinition[],
  options: ListenersOptions = {},
): Promise<Listeners> {
  await server.ready()
  const listeners = new Listeners(server, options)
  try {
    for (const definition of definitions) await listeners.open(definition)
  } catch (error) {
    await listeners.close({ timeoutMs: 0 })
    throw error
  }
  return listeners
}

/** The open listeners of a server. */
export class Listeners {
  readonly #server: HttpServer
  readonly #options: ListenersOptions
  readonly #open: Server[] = []
  readonly #addresses: BoundAddress[] = []

  constructor(server: HttpServer, options: ListenersOptions) {
    this.#server = server
    this.#options = options
  }

  /** Where the server is to be reached, in the order of the configuration. */
  get addresses(): readonly BoundAddress[] {
    return this.#addresses
  }

  /** Opens one more listener, on all its addresses. */
  async open(definition: ListenerDefinition): Promise<void> {
    const { path, mode, bind_addresses: addresses } = definition
    const tag = definition.tag ?? String(path ?? definition.port)
    const context = listenerContext(definition, tag)
    if (path !== null) {
      const node = await this.#nodeServer(context, false)
      await named(path, listenOnPath(node, path, mode))
      this.#opened(node, { tag, tls: false, address: path, port: undefined })
      return
    }
    let port = definition.port ?? 0
    for (const host of addresses) {
      const node = await this.#nodeServer(context, definition.tls)
      try {
        await named(`${host} port ${port}`, listen(node, { host, port }))
      } catch (error) {
        if (error instanceof Error && isCoveredByTwin(host, addresses, error.cause)) continue
        throw error
      }
      const bound = node.address()
      // All addresses of a listener share a port, also one that the system chose.
      if (typeof bound === 'object' && bound !== null) port = bound.port
      this.#opened(node, { tag, tls: definition.tls, address: host, port })
    }
  }

  /**
   * Reads certificate and key again; connections that are open keep theirs.
   * @throws Error if they cannot be used; the old ones then stay.
   */
  async reloadCertificate(): Promise<void> {
    if (this.#options.tls === undefined) return
    const certificate = await readTlsCertificate(this.#options.tls)
    for (const node of this.#open) if (node instanceof TlsServer) node.setSecureContext(certificate)
  }

  /**
   * Stops accepting, lets requests under way finish (they are told through `request.draining`), then closes every
   * connection; those that take longer than `timeoutMs` are cut off.
   */
  async close({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    const { clock, logger } = this.#server
    const nodes = this.#open.splice(0)
    // Closing a server also closes its idle connections; the others say `Connection: close` in their answer.
    const closed = Promise.all(nodes.map((node) => new Promise<void>((resolve) => node.close(() => resolve()))))
    const drained = this.#server.drain().then(() => {
      for (const node of nodes) node.closeIdleConnections()
    })
    const timer = clock.setTimeout(() => {
      const { requestsUnderWay } = this.#server
      if (requestsUnderWay > 0) logger.warn({ requestsUnderWay }, 'requests cut off at shutdown')
      for (const node of nodes) node.closeAllConnections()
    }, timeoutMs)
    await Promise.all([closed, drained])
    timer.cancel()
  }

  async #nodeServer(context: ListenerContext, tls: boolean): Promise<Server> {
    const handle = this.#server.handle.bind(this.#server)
    const settings: ServerOptions = {
      headersTimeout: this.#options.headersTimeoutMs ?? 60_000,
      requestTimeout: this.#options.requestTimeoutMs ?? 300_000,
      keepAliveTimeout: this.#options.keepAliveTimeoutMs ?? 75_000,
      connectionsCheckingInterval: 10_000,
    }
    const node = tls
      ? createTlsServer({ ...settings, ...(await this.#tlsSettings()) }, handle)
      : createServer(settings, handle)
    const { connections } = this.#server
    // Over TLS, HTTP runs on the socket that the handshake gives.
    node.on(tls ? 'secureConnection' : 'connection', (socket: Socket) => connections.add(socket, context))
    node.on('clientError', answerBrokenRequest)
    return node
  }

  async #tlsSettings() {
    if (this.#options.tls === undefined) throw new Error('A listener with tls needs a certificate')
    return { ...(await readTlsCertificate(this.#options.tls)), handshakeTimeout: HANDSHAKE_TIMEOUT_MS }
  }

  #opened(node: Server, address: BoundAddress): void {
    // Errors of accepting (too many open files) end neither the listener nor the process.
    node.on('error', (error) => this.#server.logger.error({ err: error, listener: address.tag }, 'listener failed'))
    this.#open.push(node)
    this.#addresses.push(address)
  }
}

function listenerContext(definition: ListenerDefinition, tag: string): ListenerContext {
  const { type, resources, x_forwarded: forwarded, request_id_header: header } = definition
  const names =
    type === 'metrics' ? ['metrics' as const] : ['health' as const, ...resources.flatMap(({ names }) => names)]
  const served = impliedResources(names)
  const compressed = impliedResources(resources.flatMap(({ names, compress }) => (compress ? names : [])))
  return {
    tag,
    serves: (resource) => served.has(resource),
    compresses: (resource) => compressed.has(resource),
    forwarded,
    ...(header === null ? {} : { requestIdHeader: header.toLowerCase() }),
  }
}

async function named(address: string, listening: Promise<void>): Promise<void> {
  try {
    await listening
  } catch (error) {
    throw new Error(`Cannot listen on ${address}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}
