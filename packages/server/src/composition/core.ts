import type { SigningKey } from '@magik/protocol'
import { nextTurn } from '../platform/clock/next-turn.ts'
import { cacheBytes } from '../platform/config/index.ts'
import { cacheMetrics } from '../platform/metrics/cache-metrics.ts'
import { counter } from '../platform/metrics/instruments.ts'
import { ClientEvents } from '../services/events/client-events.ts'
import { EventReader } from '../services/events/event-reader.ts'
import { EventSender } from '../services/events/event-sender.ts'
import { EventVisibility } from '../services/events/event-visibility.ts'
import { ForeignEvents } from '../services/events/foreign-events.ts'
import { Numbers } from '../services/events/numbers.ts'
import { RoomHeads } from '../services/events/room-heads.ts'
import { RoomQueue } from '../services/events/room-queue.ts'
import { RoomWriter } from '../services/events/room-writer.ts'
import { ChangeLog } from '../services/log/change-log.ts'
import { Rooms } from '../services/rooms/rooms.ts'
import { StateTree } from '../services/state/state-tree.ts'
import { TreeCache } from '../services/state/tree-cache.ts'
import { UserNumbers } from '../services/users/user-numbers.ts'
import type { Foundations } from './foundations.ts'
import type { Stores } from './stores.ts'

/** Shares of the memory for caches; the rest is slack for what is counted roughly. */
const EVENT_CACHE_SHARE = 0.6
const TREE_CACHE_SHARE = 0.3

/** The log, the state trees and the write path. */
export function createCore(
  foundations: Foundations,
  stores: Stores,
  { signingKey, treeSeed }: { signingKey: SigningKey; treeSeed: Uint8Array },
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
  const persisted = counter(registry, {
    name: 'synapse_storage_events_persisted_events_total',
    help: 'Timeline events that have become durable.',
  })
  writer.listen((_, { isForeign }) => {
    if (isForeign !== true) persisted.increment()
  })
  const foreignEvents = new ForeignEvents({
    ...reading,
    serverName,
    heads,
    userNumbers,
    eventStore: stores.eventStore,
    membershipStore: stores.membershipStore,
    publish: writer.publish,
  })
  log.prepareForeign(foreignEvents.prepare)
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

/** The log, the state trees and the write path. */
export type Core = ReturnType<typeof createCore>
