import { addDraftsRoute } from '../api/replication/drafts.ts'
import { HttpServer } from '../platform/http/http-server.ts'
import { type Listeners, startListeners } from '../platform/http/listeners.ts'
import type { Core } from './core.ts'
import { asRefusal, isOverload } from './database-errors.ts'
import type { Foundations } from './foundations.ts'
import type { Replicas } from './replicas.ts'

/** How long forwarded drafts may take to finish when the server stops. */
const DRAIN_TIMEOUT_MS = 5_000

/** What others reach this process by. */
export interface Replication {
  /** Opens the listener and makes this process known. */
  start(): Promise<void>
  /** Has the others send no more. */
  leave(): Promise<void>
  /** Finishes what others have sent, and closes everything. */
  close(): Promise<void>
  /** How many other processes are alive. */
  others(): number
}

/** Makes what other processes reach this one by. */
export function createReplication(
  { config, clock, logger }: Foundations,
  { registry, client, secret }: Replicas,
  { eventSender }: Core,
): Replication {
  const http = new HttpServer({ clock, logger: logger.child({ component: 'replicas' }), isOverload, asRefusal })
  addDraftsRoute(http, { secret, send: (roomId, draft) => eventSender.sendHere(roomId, draft), asRefusal })
  const { bind_address: bindAddress, port, host } = config.replica_listener
  let listeners: Listeners | undefined
  return {
    async start() {
      listeners = await startListeners(http, [
        {
          type: 'http',
          port,
          path: null,
          mode: 0,
          bind_addresses: [bindAddress],
          tls: false,
          x_forwarded: false,
          tag: 'replicas',
          request_id_header: null,
          resources: [{ names: ['replication'], compress: false }],
        },
      ])
      const name = host ?? bindAddress
      await registry.join(`http://${name.includes(':') ? `[${name}]` : name}:${listeners.addresses[0]?.port ?? port}`)
    },
    leave: () => registry.leave(),
    async close() {
      await listeners?.close({ timeoutMs: DRAIN_TIMEOUT_MS })
      await http.close()
      await client.close()
    },
    others: () => registry.others.length,
  }
}
