import { UnreadCounts } from '../services/push/unread-counts.ts'
import { UnreadWindows } from '../services/push/unread-window.ts'
import { LazyMembers } from '../services/sync/lazy-members.ts'
import { ReceiptSections } from '../services/sync/receipt-section.ts'
import { RoomSections } from '../services/sync/room-section.ts'
import { RoomStateSections } from '../services/sync/room-state-section.ts'
import { RoomSummaries } from '../services/sync/room-summary.ts'
import { RoomTails } from '../services/sync/room-tails.ts'
import { RoomTimelines } from '../services/sync/room-timeline.ts'
import { StrippedRooms } from '../services/sync/stripped-room.ts'
import { SyncService } from '../services/sync/sync-service.ts'
import { UserViews } from '../services/sync/user-views.ts'
import { changeKind } from '../storage/change-kind.ts'
import type { Core } from './core.ts'
import type { Foundations } from './foundations.ts'
import type { Stores } from './stores.ts'

/** Timeline events of a room in `/sync` when the client names no limit. */
const DEFAULT_TIMELINE_LIMIT = 10

/** Most timeline events of a room in `/sync`, whatever the configuration allows: a read on the main connection. */
const MAX_TIMELINE_LIMIT = 95

/** What follows the log for clients that sync. */
export function createSync(foundations: Foundations, stores: Stores, core: Core) {
  const { config, clock, epoch } = foundations
  const { log, events, tree, writer, clientEvents, visibility, pushRules } = core
  const tails = new RoomTails({ eventStore: stores.eventStore, roomStore: stores.roomStore, events, log })
  const views = new UserViews({ log, membershipStore: stores.membershipStore })
  const windows = new UnreadWindows(log)
  const unreadCounts = new UnreadCounts({ ...stores, log, pushRules, windows })
  log.prepareForeign(async () => ({ kind, userNid, roomNid }) => {
    const isReceipt = kind === changeKind.receipt || kind === changeKind.privateReceipt
    if (isReceipt && userNid !== undefined && roomNid !== undefined) unreadCounts.forget(userNid, roomNid)
  })
  writer.listen((event, built) => {
    const { currentRoot, membershipChanges, redaction } = built
    const { roomNid, position = 0 } = event
    if (built.isForeign === true) windows.forget(roomNid)
    windows.append(event, built)
    unreadCounts.onEvent(event, built)
    tails.append(event, currentRoot)
    if (redaction?.eventNid !== undefined) tails.invalidate(roomNid)
    for (const change of membershipChanges) views.onMembership(roomNid, position, change)
  })
  const most = config.filter_timeline_limit < 0 ? MAX_TIMELINE_LIMIT : config.filter_timeline_limit
  const sections = new RoomSections({
    tree,
    events,
    clientEvents,
    tails,
    timelines: new RoomTimelines({ tails, events, visibility }),
    states: new RoomStateSections({ tree, events, tails, lazyMembers: new LazyMembers() }),
    receipts: new ReceiptSections(stores),
    unreadCounts,
    summaries: new RoomSummaries({ membershipStore: stores.membershipStore }),
    epoch,
    timelineLimit: { most: Math.min(most, MAX_TIMELINE_LIMIT), byDefault: DEFAULT_TIMELINE_LIMIT },
  })
  const syncService = new SyncService({
    log,
    clock,
    views,
    rooms: core.rooms,
    events,
    sections,
    strippedRooms: new StrippedRooms({ tree, events }),
    accountDataStore: stores.accountDataStore,
    membershipStore: stores.membershipStore,
    pushRules,
    epoch,
    excludedRooms: new Set(config.exclude_rooms_from_sync),
  })
  return { syncService, views, tails, unreadCounts }
}
