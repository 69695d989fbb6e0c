import type { Socket } from 'node:net'
import type { ResourceName } from './resources.ts'

/** What a request must know of the listener it came in by. */
export interface ListenerContext {
  /** Name in logs. */
  readonly tag: string
  /** Resources it serves; everything else is unknown there. */
  readonly serves: (resource: ResourceName) => boolean
  /** Resources whose answers it compresses. */
  readonly compresses: (resource: ResourceName) => boolean
  /** Whether a proxy in front sets X-Forwarded-For. */
  readonly forwarded: boolean
  /** Lower-case name of the header that holds the request ID, where the proxy gives one. */
  readonly requestIdHeader?: string
}

/** Serves everything, trusts nothing: for requests that come by no listener, as in tests. */
const DIRECT: ListenerContext = { tag: 'direct', serves: () => true, compresses: () => false, forwarded: false }

/** Which listener each connection came in by. */
export class ConnectionListeners {
  readonly #contexts = new WeakMap<object, ListenerContext>()

  add(socket: Socket, context: ListenerContext): void {
    this.#contexts.set(socket, context)
  }

  of(socket: object | null): ListenerContext {
    return (socket && this.#contexts.get(socket)) ?? DIRECT
  }
}
