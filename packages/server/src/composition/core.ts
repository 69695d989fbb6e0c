import type { RoomId, SigningKey } from '@magik/protocol'
import { nextTurn } from '../platform/clock/next-turn.ts'
import { cacheBytes } from '../platform/config/index.ts'
import { cacheMetrics } from '../platform/metrics/cache-metrics.ts'
import { counter } from '../platform/metrics/instruments.ts'
import { ClientEvents } from '../services/events/client-events.ts'
import { DummyEvents, type DummyEventsDeps } from '../services/events/dummy-events.ts'
import type { EventDraft } from '../services/events/event-draft.ts'
import { EventReader } from '../services/events/event-reader.ts'
import { EventSender } from '../services/events/event-sender.ts'
import { EventVisibility } from '../services/events/event-visibility.ts'
import { ForeignEvents } from '../services/events/foreign-events.ts'
import { ForkResolver } from '../services/events/fork-resolver.ts'
import { Numbers } from '../services/events/numbers.ts'
import { EventReceiver } from '../services/events/receive/event-receiver.ts'
import { GapFiller } from '../services/events/receive/gap-filler.ts'
import { Outliers } from '../services/events/receive/outliers.ts'
import { RoomImports } from '../services/events/receive/room-imports.ts'
import { RoomHeads } from '../services/events/room-heads.ts'
import { RoomMaintenance } from '../services/events/room-maintenance.ts'
import { RoomQueue } from '../services/events/room-queue.ts'
import { RoomWriter } from '../services/events/room-writer.ts'
import { ChangeLog } from '../services/log/change-log.ts'
import { EventThreads } from '../services/push/event-thread.ts'
import { PushAudiences } from '../services/push/push-audiences.ts'
import { PushRules } from '../services/push/push-rules.ts'
import { UnreadPlanner } from '../services/push/unread-planner.ts'
import { ReadBarrier } from '../services/replicas/read-barrier.ts'
import { Rooms } from '../services/rooms/rooms.ts'
import { AuthChains } from '../services/state/auth-chains/auth-chains.ts'
import { AuthCoverFollower } from '../services/state/auth-chains/auth-cover-follower.ts'
import { AuthIndexes } from '../services/state/auth-chains/auth-index.ts'
import { StateTree } from '../services/state/state-tree.ts'
import { TreeCache } from '../services/state/tree-cache.ts'
import { UserNumbers } from '../services/users/user-numbers.ts'
import { changeKind } from '../storage/change-kind.ts'
import type { Foundations } from './foundations.ts'
import type { Replicas } from './replicas.ts'
import type { Stores } from './stores.ts'

/** Shares of the memory for caches; the rest is slack for what is counted roughly. */
const EVENT_CACHE_SHARE = 0.6
const TREE_CACHE_SHARE = 0.3

/** The log, the state trees and the write path. */
export function createCore(
  foundations: Foundations,
  stores: Stores,
  { signingKey, treeSeed, replicas }: { signingKey: SigningKey; treeSeed: Uint8Array; replicas?: Replicas | undefined },
) {
  const { config, serverName, clock, randomBytes, database, registry, logger } = foundations
  const numbers = new Numbers(stores.numberStore)
  const userNumbers = new UserNumbers({ store: stores.userStore, numbers })
  const log = new ChangeLog({
    database,
    changes: stores.changeStore,
    onTailError: (error) => logger.warn({ err: error }, 'what other processes have written could not be read'),
  })
  const treeCache = new TreeCache({
    load: (room, ids) => stores.stateNodeStore.getMany(room, ids),
    maxBytes: Math.floor(cacheBytes(config) * TREE_CACHE_SHARE),
  })
  const tree = new StateTree({ source: treeCache, seed: treeSeed, pause: nextTurn })
  const events = new EventReader({
    store: stores.eventStore,
    cacheBytes: Math.floor(cacheBytes(config) * EVENT_CACHE_SHARE),
  })
  const reading = { tree, events }
  const heads = new RoomHeads(stores.roomStore)
  const queue = new RoomQueue()
  const { authChainStore, authEdgeStore, followerStore, roomStore } = stores
  const authChainReading = { ...reading, authChainStore, authEdgeStore }
  const authCover = new AuthCoverFollower({
    ...authChainReading,
    log,
    clock,
    database,
    followerStore,
    roomStore,
    onError: (error) => logger.warn({ err: error }, 'auth chains could not be covered'),
  })
  const forkResolver = new ForkResolver({ ...reading, authIndexes: new AuthIndexes(authChainReading) })
  const threads = new EventThreads(events)
  const pushRules = new PushRules({ changeLog: log, store: stores.pushRuleStore })
  const audiences = new PushAudiences({ ...stores, pushRules })
  const unread = new UnreadPlanner({ ...stores, ...reading, serverName, userNumbers, pushRules, audiences, threads })
  const writer = new RoomWriter({
    log,
    clock,
    randomBytes,
    heads,
    events,
    treeCache,
    eventStore: stores.eventStore,
    roomStore: stores.roomStore,
    roomGraphStore: stores.roomGraphStore,
    membershipStore: stores.membershipStore,
    stateNodeStore: stores.stateNodeStore,
    unread,
    redactedEventStore: stores.redactedEventStore,
  })
  const writing = {
    ...reading,
    treeCache,
    forkResolver,
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
    roomGraphStore: stores.roomGraphStore,
    unread,
  }
  const readBarrier = createReadBarrier(foundations, stores, log, replicas)
  const eventSender = new EventSender({
    ...writing,
    ...(replicas !== undefined && {
      async forward(roomId: RoomId, draft: EventDraft) {
        const sent = await replicas.forwarder.forward(roomId, draft)
        // The sender's next request comes here.
        if (sent !== undefined) await readBarrier.reach(sent.position)
        return sent
      },
    }),
  })
  const receiver = new EventReceiver(writing)
  const outliers = new Outliers(writing)
  const persisted = counter(registry, {
    name: 'synapse_storage_events_persisted_events_total',
    help: 'Timeline events that have become durable.',
  })
  writer.listenToOwn(() => persisted.increment())
  reportStateResets(foundations, writer)
  joinForks(foundations, { sender: eventSender, heads, memberships: stores.membershipStore }, writer)
  const foreignEvents = new ForeignEvents({
    ...reading,
    serverName,
    heads,
    userNumbers,
    eventStore: stores.eventStore,
    roomStore: stores.roomStore,
    publish: writer.publish,
  })
  log.prepareForeign(foreignEvents.prepare)
  log.prepareForeign(async () => ({ kind, userNid }) => {
    if (kind === changeKind.pushRules && userNid !== undefined) pushRules.forget(userNid)
  })
  cacheMetrics(registry, { events: () => events.counts, state_nodes: () => treeCache.stats })
  return {
    log,
    numbers,
    userNumbers,
    ...reading,
    signingKey,
    writer,
    heads,
    roomMaintenance: new RoomMaintenance({ heads, queue }),
    eventSender,
    readBarrier,
    roomImports: new RoomImports({ ...writing, outliers, receiver }),
    gapFiller: new GapFiller({ heads, events, outliers, receiver }),
    pushRules,
    threads,
    rooms: new Rooms({ ...reading, heads }),
    visibility: new EventVisibility(reading),
    clientEvents: new ClientEvents({ ...reading, clock }),
    authChains: new AuthChains(authChainReading),
    authCover,
  }
}

/** Has requests wait for what other processes have acknowledged, where there are any. */
function createReadBarrier(
  { clock, registry }: Foundations,
  { changeStore }: Stores,
  log: ChangeLog,
  replicas: Replicas | undefined,
): ReadBarrier {
  const timeouts = counter(registry, {
    name: 'magik_replica_wait_timeouts_total',
    help: 'Requests that were answered although what other processes had written was not known yet.',
  })
  return new ReadBarrier({
    clock,
    log,
    isShared: () => replicas !== undefined && replicas.registry.others.length > 0,
    newestPosition: () => changeStore.newestPosition(),
    onTimeout: () => timeouts.increment(),
  })
}

/** Lets local members join the forks of rooms that have too many. */
function joinForks({ logger }: Foundations, deps: Omit<DummyEventsDeps, 'onError'>, writer: RoomWriter): void {
  const onError = (error: unknown, roomId: RoomId) => logger.warn({ err: error, roomId }, 'forks could not be joined')
  new DummyEvents({ ...deps, onError }).follow(writer)
}

/** Logs and counts what state resolution took back. */
function reportStateResets({ registry, logger }: Foundations, writer: RoomWriter): void {
  const resets = counter(registry, {
    name: 'magik_state_resets_total',
    help: 'Entries of rooms’ current state that state resolution took away or set back although no event said so.',
  })
  writer.listenToOwn(({ roomId, eventId }, { graph }) => {
    for (const { type, stateKey, resolved, lost, atFault } of graph.stateResets) {
      resets.increment()
      logger.warn({ roomId, eventId, type, stateKey, resolved, lost, atFault }, 'state reset')
    }
  })
}

/** The log, the state trees and the write path. */
export type Core = ReturnType<typeof createCore>
