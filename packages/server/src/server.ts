import { randomBytes as systemRandomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { parseServerName, parseSigningKeyFile, type SigningKey } from '@magik/protocol'
import packageJson from '../package.json' with { type: 'json' }
import { createAccounts } from './composition/accounts.ts'
import { createCore } from './composition/core.ts'
import { openDatabase } from './composition/database.ts'
import type { Foundations } from './composition/foundations.ts'
import { createHttp } from './composition/http.ts'
import { createPurging } from './composition/purging.ts'
import { createReceipts } from './composition/receipts.ts'
import { createReplicas } from './composition/replicas.ts'
import { createReplication, type Replication } from './composition/replication.ts'
import { createRooms } from './composition/rooms.ts'
import { createStores } from './composition/stores.ts'
import { createSync } from './composition/sync.ts'
import type { Clock } from './platform/clock/clock.ts'
import { systemClock } from './platform/clock/system-clock.ts'
import type { Config } from './platform/config/index.ts'
import type { Database, DatabaseSurroundings } from './platform/database/database.ts'
import type { HttpServer } from './platform/http/http-server.ts'
import { type BoundAddress, type Listeners, startListeners } from './platform/http/listeners.ts'
import { SystemdNotifier } from './platform/http/sd-notify.ts'
import { createLogger, type Logger } from './platform/log/logger.ts'
import type { JobRunner } from './platform/jobs/job-runner.ts'
import { watchEventLoopDelay } from './platform/metrics/event-loop-delay.ts'
import { createMetricsRegistry, watchProcess } from './platform/metrics/registry.ts'
import type { DeviceActivity } from './services/auth/device-activity.ts'
import { ServerKeys } from './services/federation/server-keys.ts'
import type { AuthCoverFollower } from './services/state/auth-chains/auth-cover-follower.ts'
import type { StateTree } from './services/state/state-tree.ts'
import type { Schema } from './storage/schema.ts'

/** What tests replace. */
export interface ServerSurroundings {
  readonly clock?: Clock
  readonly randomBytes?: (count: number) => Uint8Array
  readonly logger?: Logger
  readonly database?: DatabaseSurroundings
}

/** A homeserver. */
export interface Server {
  /** Answers requests, wherever they come from. */
  readonly http: HttpServer
  readonly database: Database<Schema>
  /** How many nodes of state trees have been read so far; for tests that count work. */
  stateNodesRead(): number
  /** How many other processes on the same database this one knows of. */
  otherReplicas(): number
  /** Opens the listeners. */
  start(): Promise<{ readonly listening: readonly string[] }>
  /** Takes no further requests, finishes those under way, closes everything. */
  stop(): Promise<void>
  /** Reads certificates again. */
  reload(): Promise<void>
}

/** How long requests under way may take to finish when the server stops. */
const DRAIN_TIMEOUT_MS = 15_000

/**
 * Constructs every part, in order of dependency, and hands them to each other; with `composition/` the only place
 * where parts meet.
 * @throws Error if the database or the signing key cannot be used.
 */
export async function createServer(config: Config, surroundings: ServerSurroundings = {}): Promise<Server> {
  const clock = surroundings.clock ?? systemClock
  const randomBytes = surroundings.randomBytes ?? systemRandomBytes
  const logger = surroundings.logger ?? createLogger({ level: config.log.level })
  const registry = createMetricsRegistry({ serverName: config.server_name, version: packageJson.version })
  const signingKey = await loadSigningKey(config)
  const database = await openDatabase(
    { config, logger, registry, randomBytes: systemRandomBytes },
    surroundings.database ?? {},
  )
  try {
    const stores = createStores(database)
    const epoch = await stores.metaStore.settle('epoch', () => hex(randomBytes(5)))
    const treeSeed = await stores.metaStore.settle('tree_seed', () => hex(randomBytes(16)))
    const serverName = parseServerName(config.server_name)
    const foundations: Foundations = { config, serverName, clock, randomBytes, logger, registry, database, epoch }
    const replicas = await createReplicas(foundations, stores, systemRandomBytes)
    const core = createCore(foundations, stores, { signingKey, treeSeed: Buffer.from(treeSeed, 'hex'), replicas })
    const sync = createSync(foundations, stores, core)
    const rooms = createRooms(foundations, stores, core)
    const accounts = createAccounts(foundations, stores, core, (userId) => rooms.roomMemberships.updateProfile(userId))
    const receipts = createReceipts(foundations, stores, core, { ...sync, ...accounts })
    const purging = createPurging(foundations, stores, core, rooms, sync)
    const http = createHttp(foundations, {
      ...stores,
      ...core,
      ...sync,
      ...rooms,
      ...accounts,
      ...receipts,
      ...purging,
      config,
      clock,
      serverKeys: createServerKeys(foundations, signingKey),
      softwareVersion: packageJson.version,
    })
    await purging.jobs.start()
    const replication = replicas && createReplication(foundations, replicas, core)
    return runnable(foundations, {
      http,
      database,
      tree: core.tree,
      activity: accounts.activity,
      authCover: core.authCover,
      jobs: purging.jobs,
      replication,
    })
  } catch (error) {
    await database.close()
    throw error
  }
}

/** @throws Error if the file is missing or holds no key; it names the file. */
async function loadSigningKey({ signing_key_path: path }: Config): Promise<SigningKey> {
  try {
    const [key] = parseSigningKeyFile(await readFile(path, 'utf8'))
    return key
  } catch (error) {
    throw new Error(`the signing key ${path} cannot be used`, { cause: error })
  }
}

function createServerKeys({ config, serverName, clock }: Foundations, signingKey: SigningKey): ServerKeys {
  const oldKeys = Object.entries(config.old_signing_keys).map(([keyId, { key, expired_ts: expiredTs }]) => ({
    keyId,
    key,
    expiredTs,
  }))
  return new ServerKeys({ serverName, signingKey, oldKeys, validityMs: config.key_refresh_interval, clock })
}

function runnable(
  { config, clock, logger, registry }: Foundations,
  parts: {
    http: HttpServer
    database: Database<Schema>
    tree: StateTree
    activity: DeviceActivity
    authCover: AuthCoverFollower
    jobs: JobRunner
    replication: Replication | undefined
  },
): Server {
  const { http, database, tree, activity, authCover, jobs, replication } = parts
  const stopWatching = watchEventLoopDelay(registry, clock)
  const systemd = new SystemdNotifier({ environment: process.env, processId: process.pid, logger })
  const { tls_certificate_path: certificatePath, tls_private_key_path: privateKeyPath } = config
  const tls = certificatePath !== null && privateKeyPath !== null ? { tls: { certificatePath, privateKeyPath } } : {}
  let listeners: Listeners | undefined
  return {
    http,
    database,
    stateNodesRead: () => tree.nodesRead,
    otherReplicas: () => replication?.others() ?? 0,
    async start() {
      watchProcess(registry)
      authCover.start()
      listeners = await startListeners(http, config.listeners, tls)
      await replication?.start()
      await systemd.ready()
      return { listening: listeners.addresses.map(shownAddress) }
    },
    async stop() {
      await systemd.stopping()
      await replication?.leave()
      await listeners?.close({ timeoutMs: DRAIN_TIMEOUT_MS })
      await http.close()
      await jobs.stop()
      await replication?.close()
      await activity.flush()
      await authCover.stop()
      stopWatching()
      await database.close()
    },
    async reload() {
      await systemd.reloading()
      await listeners?.reloadCertificate()
      await systemd.ready()
    },
  }
}

function shownAddress({ address, port, tls }: BoundAddress): string {
  if (port === undefined) return address
  return `${tls ? 'https' : 'http'}://${address.includes(':') ? `[${address}]` : address}:${port}`
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
