import { randomBytes as systemRandomBytes } from 'node:crypto'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { parseServerName, parseSigningKeyFile, type ServerName, type SigningKey } from '@magik/protocol'
import type { Registry } from 'prom-client'
import packageJson from '../package.json' with { type: 'json' }
import { clientAuthenticators } from './api/authenticators.ts'
import type { ClientRequesters } from './api/endpoint.ts'
import * as pages from './api/pages/pages.ts'
import * as keysServer from './api/server-server/keys_server.ts'
import * as version from './api/server-server/version.ts'
import type { Clock } from './platform/clock/clock.ts'
import { systemClock } from './platform/clock/system-clock.ts'
import { type Config, cacheBytes } from './platform/config/index.ts'
import type { Database } from './platform/database/database.ts'
import { DatabaseBusyError } from './platform/database/errors.ts'
import { SqliteDatabase, type SqliteDatabaseOptions } from './platform/database/sqlite/sqlite-database.ts'
import type { Authenticators } from './platform/http/endpoint.ts'
import { HttpMetrics } from './platform/http/http-metrics.ts'
import { HttpServer } from './platform/http/http-server.ts'
import { type BoundAddress, type Listeners, startListeners } from './platform/http/listeners.ts'
import { addHealthRoute, addMetricsRoutes } from './platform/http/operator-routes.ts'
import { registerEndpoints } from './platform/http/register-endpoints.ts'
import { SystemdNotifier } from './platform/http/sd-notify.ts'
import { createLogger, type Logger } from './platform/log/logger.ts'
import { cacheMetrics } from './platform/metrics/cache-metrics.ts'
import { databaseMetrics } from './platform/metrics/database-metrics.ts'
import { watchEventLoopDelay } from './platform/metrics/event-loop-delay.ts'
import { createMetricsRegistry } from './platform/metrics/registry.ts'
import { DeviceActivity } from './services/auth/device-activity.ts'
import { TokenAuthenticator } from './services/auth/token-authenticator.ts'
import { ClientEvents } from './services/events/client-events.ts'
import { EventReader } from './services/events/event-reader.ts'
import { EventSender } from './services/events/event-sender.ts'
import { EventVisibility } from './services/events/event-visibility.ts'
import { Numbers } from './services/events/numbers.ts'
import { RoomHeads } from './services/events/room-heads.ts'
import { RoomQueue } from './services/events/room-queue.ts'
import { RoomWriter } from './services/events/room-writer.ts'
import { ServerKeys } from './services/federation/server-keys.ts'
import { ChangeLog } from './services/log/change-log.ts'
import { RoomAliases } from './services/rooms/room-aliases.ts'
import { RoomCreator } from './services/rooms/room-creator.ts'
import { RoomMemberships } from './services/rooms/room-memberships.ts'
import { Rooms } from './services/rooms/rooms.ts'
import { StateTree } from './services/state/state-tree.ts'
import { TreeCache } from './services/state/tree-cache.ts'
import { LazyMembers } from './services/sync/lazy-members.ts'
import { RoomSections } from './services/sync/room-section.ts'
import { RoomStateSections } from './services/sync/room-state-section.ts'
import { RoomSummaries } from './services/sync/room-summary.ts'
import { RoomTails } from './services/sync/room-tails.ts'
import { RoomTimelines } from './services/sync/room-timeline.ts'
import { StrippedRooms } from './services/sync/stripped-room.ts'
import { SyncService } from './services/sync/sync-service.ts'
import { UserViews } from './services/sync/user-views.ts'
import { MemberProfiles } from './services/users/member-profile.ts'
import { UserNumbers } from './services/users/user-numbers.ts'
import { AccessTokenStore } from './storage/access-token-store.ts'
import { AccountDataStore } from './storage/account-data-store.ts'
import { AliasStore } from './storage/alias-store.ts'
import { ChangeStore } from './storage/change-store.ts'
import { DeviceStore } from './storage/device-store.ts'
import { EventStore } from './storage/event-store.ts'
import { MembershipStore } from './storage/membership-store.ts'
import { MetaStore } from './storage/meta-store.ts'
import { NumberStore } from './storage/number-store.ts'
import { ProfileStore } from './storage/profile-store.ts'
import { RoomStore } from './storage/room-store.ts'
import type { Schema } from './storage/schema.ts'
import { StateNodeStore } from './storage/state-node-store.ts'
import { UserStore } from './storage/user-store.ts'

/** What tests replace. */
export interface ServerSurroundings {
  readonly clock?: Clock
  readonly randomBytes?: (count: number) => Uint8Array
  readonly logger?: Logger
  readonly database?: Pick<SqliteDatabaseOptions, 'synchronous' | 'commitGate' | 'strictReads'>
}

/** A homeserver. */
export interface Server {
  /** Answers requests, wherever they come from. */
  readonly http: HttpServer
  readonly database: SqliteDatabase<Schema>
  /** Opens the listeners. */
  start(): Promise<{ readonly listening: readonly string[] }>
  /** Takes no further requests, finishes those under way, closes everything. */
  stop(): Promise<void>
  /** Reads certificates again. */
  reload(): Promise<void>
}

/** How long requests under way may take to finish when the server stops. */
const DRAIN_TIMEOUT_MS = 15_000

/** Timeline events of a room in `/sync` when the client names no limit. */
const DEFAULT_TIMELINE_LIMIT = 10

/** Most timeline events of a room in `/sync`, whatever the configuration allows: a read on the main connection. */
const MAX_TIMELINE_LIMIT = 95

/** Shares of the memory for caches; the rest is slack for what is counted roughly. */
const EVENT_CACHE_SHARE = 0.6
const TREE_CACHE_SHARE = 0.3

/** What every part may need, whichever part it is. */
interface Foundations {
  readonly config: Config
  readonly serverName: ServerName
  readonly clock: Clock
  readonly randomBytes: (count: number) => Uint8Array
  readonly logger: Logger
  readonly registry: Registry
  readonly database: SqliteDatabase<Schema>
}

/** Constructs every part, in order of dependency, and hands them to each other: the only place where parts meet. */
export async function createServer(config: Config, surroundings: ServerSurroundings = {}): Promise<Server> {
  const clock = surroundings.clock ?? systemClock
  const randomBytes = surroundings.randomBytes ?? systemRandomBytes
  const logger = surroundings.logger ?? createLogger({ level: config.log.level })
  const registry = createMetricsRegistry({ serverName: config.server_name, version: packageJson.version })
  const database = await openDatabase(config, logger, registry, surroundings)
  const serverName = parseServerName(config.server_name)
  const foundations: Foundations = { config, serverName, clock, randomBytes, logger, registry, database }
  try {
    const signingKey = await loadSigningKey(config)
    const stores = createStores(database)
    const epoch = await stores.metaStore.settle('epoch', () => Buffer.from(randomBytes(5)).toString('hex'))
    const treeSeed = await stores.metaStore.settle('tree_seed', () => Buffer.from(randomBytes(16)).toString('hex'))
    const core = createCore(foundations, stores, { signingKey, treeSeed: Buffer.from(treeSeed, 'hex') })
    const sync = createSync(foundations, stores, core, epoch)
    const rooms = createRooms(foundations, stores, core)
    const accounts = createAccounts(foundations, stores, core)
    const deps = {
      ...core,
      ...rooms,
      ...accounts,
      ...stores,
      config,
      clock,
      syncService: sync,
      serverKeys: createServerKeys(foundations, signingKey),
      softwareVersion: packageJson.version,
    }
    const http = createHttp(foundations, { authenticators: clientAuthenticators(accounts.tokens) }, deps)
    return Object.assign(runnable(foundations, http), { testing: deps })
  } catch (error) {
    await database.close()
    throw error
  }
}

async function openDatabase(
  config: Config,
  logger: Logger,
  registry: Registry,
  surroundings: ServerSurroundings,
): Promise<SqliteDatabase<Schema>> {
  const path = config.database.args.database
  await mkdir(dirname(path), { recursive: true })
  return SqliteDatabase.open<Schema>({
    path,
    migrations: new URL('./storage/migrations/', import.meta.url),
    observer: databaseMetrics(registry),
    onFatal: (error) => {
      logger.fatal({ err: error }, 'the database cannot be written any more')
      process.exitCode = 1
      process.kill(process.pid, 'SIGTERM')
    },
    ...surroundings.database,
  })
}

/** @throws Error if the file is missing or holds no key; it names the file. */
async function loadSigningKey(config: Config): Promise<SigningKey> {
  const path = config.signing_key_path
  try {
    const [key] = parseSigningKeyFile(await readFile(path, 'utf8'))
    return key
  } catch (error) {
    throw new Error(`the signing key ${path} cannot be used`, { cause: error })
  }
}

function createStores(database: Database<Schema>) {
  return {
    metaStore: new MetaStore(database),
    numberStore: new NumberStore(database),
    userStore: new UserStore(database),
    changeStore: new ChangeStore(database),
    roomStore: new RoomStore(database),
    eventStore: new EventStore(database),
    stateNodeStore: new StateNodeStore(database),
    membershipStore: new MembershipStore(database),
    aliasStore: new AliasStore(database),
    accountDataStore: new AccountDataStore(database),
    profileStore: new ProfileStore(database),
    deviceStore: new DeviceStore(database),
    accessTokenStore: new AccessTokenStore(database),
  }
}

type Stores = ReturnType<typeof createStores>

/** The log, the state trees and the write path. */
function createCore(
  foundations: Foundations,
  stores: Stores,
  { signingKey, treeSeed }: { signingKey: SigningKey; treeSeed: Uint8Array },
) {
  const { config, serverName, clock, randomBytes, database, registry } = foundations
  const numbers = new Numbers(stores.numberStore)
  const userNumbers = new UserNumbers({ store: stores.userStore, numbers })
  const log = new ChangeLog({ database, changes: stores.changeStore })
  const treeCache = new TreeCache({
    load: (room, ids) => stores.stateNodeStore.getMany(room, ids),
    maxBytes: Math.floor(cacheBytes(config) * TREE_CACHE_SHARE),
  })
  const tree = new StateTree({ source: treeCache, seed: treeSeed, pause: () => clock.sleep(0) })
  const events = new EventReader({ store: stores.eventStore, cacheBytes: Math.floor(cacheBytes(config) * EVENT_CACHE_SHARE) })
  const reading = { tree, events }
  const heads = new RoomHeads(stores.roomStore)
  const queue = new RoomQueue()
  const writer = new RoomWriter({
    log,
    heads,
    events,
    treeCache,
    eventStore: stores.eventStore,
    roomStore: stores.roomStore,
    membershipStore: stores.membershipStore,
    stateNodeStore: stores.stateNodeStore,
  })
  const eventSender = new EventSender({
    tree,
    events,
    heads,
    queue,
    writer,
    clock,
    numbers,
    userNumbers,
    serverName,
    signingKey,
    randomBytes,
    eventStore: stores.eventStore,
  })
  cacheMetrics(registry, { events: () => events.counts, state_nodes: () => treeCache.stats })
  return {
    log,
    numbers,
    userNumbers,
    ...reading,
    signingKey,
    writer,
    eventSender,
    rooms: new Rooms({ ...reading, heads }),
    visibility: new EventVisibility(reading),
    clientEvents: new ClientEvents({ ...reading, clock }),
  }
}

type Core = ReturnType<typeof createCore>

function createSync(foundations: Foundations, stores: Stores, core: Core, epoch: string) {
  const { config, clock } = foundations
  const { log, events, tree, writer, clientEvents, visibility } = core
  const tails = new RoomTails({ eventStore: stores.eventStore, roomStore: stores.roomStore, events, log })
  const views = new UserViews({ log, membershipStore: stores.membershipStore })
  writer.listen((event, { membershipChange, redaction }) => {
    tails.append(event)
    if (redaction !== undefined) tails.invalidate(event.roomNid)
    if (membershipChange !== undefined) views.onMembership(event, membershipChange)
  })
  const most = config.filter_timeline_limit < 0 ? MAX_TIMELINE_LIMIT : config.filter_timeline_limit
  const sections = new RoomSections({
    tree,
    events,
    clientEvents,
    tails,
    timelines: new RoomTimelines({ tails, events, visibility }),
    states: new RoomStateSections({ tree, events, tails, lazyMembers: new LazyMembers() }),
    summaries: new RoomSummaries({ membershipStore: stores.membershipStore }),
    epoch,
    timelineLimit: { most: Math.min(most, MAX_TIMELINE_LIMIT), byDefault: DEFAULT_TIMELINE_LIMIT },
  })
  return new SyncService({
    log,
    clock,
    views,
    rooms: core.rooms,
    events,
    sections,
    strippedRooms: new StrippedRooms({ tree, events }),
    accountDataStore: stores.accountDataStore,
    membershipStore: stores.membershipStore,
    epoch,
    excludedRooms: new Set(config.exclude_rooms_from_sync),
  })
}

function createRooms(foundations: Foundations, stores: Stores, core: Core) {
  const { config, clock, serverName } = foundations
  const { eventSender, rooms, userNumbers, log } = core
  const profiles = new MemberProfiles({ profileStore: stores.profileStore, userNumbers })
  const overrides = config.default_power_level_content_override
  return {
    roomCreator: new RoomCreator({
      sender: eventSender,
      profiles,
      aliasStore: stores.aliasStore,
      roomStore: stores.roomStore,
      clock,
      powerLevelOverrides: {
        private_chat: overrides.private_chat ?? {},
        trusted_private_chat: overrides.trusted_private_chat ?? {},
        public_chat: overrides.public_chat ?? {},
      },
      encryptByDefault: config.encryption_enabled_by_default_for_room_type || 'off',
    }),
    roomMemberships: new RoomMemberships({
      sender: eventSender,
      rooms,
      profiles,
      membershipStore: stores.membershipStore,
      userNumbers,
      log,
    }),
    roomAliases: new RoomAliases({
      aliasStore: stores.aliasStore,
      rooms,
      userNumbers,
      log,
      clock,
      serverName,
      requireMembership: config.require_membership_for_aliases,
    }),
  }
}

function createAccounts({ clock, database, logger }: Foundations, stores: Stores, { userNumbers }: Core) {
  const activity = new DeviceActivity({
    clock,
    database,
    devices: stores.deviceStore,
    onError: (error) => logger.warn({ err: error }, 'device activity could not be written'),
  })
  const tokens = new TokenAuthenticator({ clock, database, accessTokens: stores.accessTokenStore, userNumbers, activity })
  return { activity, tokens }
}

function createServerKeys({ config, serverName, clock }: Foundations, signingKey: SigningKey): ServerKeys {
  const oldKeys = Object.entries(config.old_signing_keys).map(([keyId, { key, expired_ts: expiredTs }]) => ({
    keyId,
    key,
    expiredTs,
  }))
  return new ServerKeys({ serverName, signingKey, oldKeys, validityMs: config.key_refresh_interval, clock })
}

/** Makes the HTTP server with every endpoint of the API. */
function createHttp(
  { config, clock, logger, registry }: Foundations,
  options: { authenticators: Authenticators<ClientRequesters> },
  deps: Core & { config: Config; serverKeys: ServerKeys; softwareVersion: string },
): HttpServer {
  const http = new HttpServer({
    clock,
    logger: logger.child({ component: 'http' }),
    metrics: new HttpMetrics(registry),
    isOverload: (error) => error instanceof DatabaseBusyError,
  })
  addHealthRoute(http)
  if (config.enable_metrics) addMetricsRoutes(http, registry)
  registerEndpoints(http, pages, deps, options)
  registerEndpoints(http, keysServer, deps, options)
  registerEndpoints(http, version, deps, options)
  return http
}

function runnable({ config, clock, logger, registry, database }: Foundations, http: HttpServer): Server {
  const stopWatching = watchEventLoopDelay(registry, clock)
  const systemd = new SystemdNotifier({ environment: process.env, processId: process.pid, logger })
  const { tls_certificate_path: certificatePath, tls_private_key_path: privateKeyPath } = config
  const tls = certificatePath !== null && privateKeyPath !== null ? { tls: { certificatePath, privateKeyPath } } : {}
  let listeners: Listeners | undefined
  return {
    http,
    database,
    async start() {
      listeners = await startListeners(http, config.listeners, tls)
      await systemd.ready()
      return { listening: listeners.addresses.map(shownAddress) }
    },
    async stop() {
      await systemd.stopping()
      await listeners?.close({ timeoutMs: DRAIN_TIMEOUT_MS })
      await http.close()
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
