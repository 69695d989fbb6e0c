import { addDraftsRoute, DRAFTS_PATH } from '../api/replication/drafts.ts'
import { HttpServer } from '../platform/http/http-server.ts'
import { InternalClient } from '../platform/http/internal-client.ts'
import { type Listeners, startListeners } from '../platform/http/listeners.ts'
import { counter, sampledGauge } from '../platform/metrics/instruments.ts'
import { DraftForwarder } from '../services/replicas/draft-forwarder.ts'
import { ReplicaRegistry } from '../services/replicas/replica-registry.ts'
import type { Core } from './core.ts'
import type { Foundations } from './foundations.ts'
import { asRefusal, isOverload } from './http.ts'
import type { Stores } from './stores.ts'

/** How long forwarded drafts may take to finish when the server stops. */
const DRAIN_TIMEOUT_MS = 5_000

/** The other processes on the same database, and the way to them. */
export interface Replicas {
  readonly registry: ReplicaRegistry
  readonly forwarder: DraftForwarder
  readonly client: InternalClient
  readonly secret: string
}

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

/**
 * What knows the other processes; undefined where the database is this process's alone.
 * @param randomBytes never the same in two processes.
 */
export async function createReplicas(
  foundations: Foundations,
  stores: Stores,
  randomBytes: (count: number) => Uint8Array,
): Promise<Replicas | undefined> {
  const { config, clock, database, registry: metrics } = foundations
  if (config.database.name !== 'psycopg2') return undefined
  const logger = foundations.logger.child({ component: 'replicas' })
  const secret =
    config.worker_replication_secret ??
    (await stores.metaStore.settle('replication_secret', () => hex(randomBytes(32))))
  const replicaId = hex(randomBytes(8))
  const registry = new ReplicaRegistry({ clock, logger, database, store: stores.replicaStore, replicaId })
  sampledGauge(
    metrics,
    { name: 'magik_replicas_others', help: 'Other processes on the same database that are alive.' },
    () => registry.others.length,
  )
  const drafts = counter(metrics, {
    name: 'magik_replica_drafts_total',
    help: 'Events of rooms that prefer another process: sent by it, or here as it did not answer.',
    labels: { outcome: ['forwarded', 'fell_back'] },
  })
  const client = new InternalClient(secret)
  const forwarder = new DraftForwarder({
    clock,
    logger,
    registry,
    post: (address, body, signal) => client.post(`${address}${DRAFTS_PATH}`, body, signal),
    count: (outcome) => drafts.increment({ outcome }),
  })
  return { registry, forwarder, client, secret }
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

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
