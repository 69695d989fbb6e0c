import { DRAFTS_PATH } from '../api/replication/drafts.ts'
import { InternalClient } from '../platform/http/internal-client.ts'
import { counter, sampledGauge } from '../platform/metrics/instruments.ts'
import { DraftForwarder } from '../services/replicas/draft-forwarder.ts'
import { ReplicaRegistry } from '../services/replicas/replica-registry.ts'
import type { Foundations } from './foundations.ts'
import type { Stores } from './stores.ts'

/** The other processes on the same database, and the way to them. */
export interface Replicas {
  readonly registry: ReplicaRegistry
  readonly forwarder: DraftForwarder
  readonly client: InternalClient
  readonly secret: string
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

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
