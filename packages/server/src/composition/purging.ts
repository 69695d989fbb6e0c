import { DatabaseBusyError, DatabaseUnavailableError } from '../platform/database/errors.ts'
import { JobRunner } from '../platform/jobs/job-runner.ts'
import { jobMetrics } from '../platform/metrics/job-metrics.ts'
import { ScheduledTasks } from '../services/admin/scheduled-tasks.ts'
import { HistoryPoints } from '../services/purge/history-point.ts'
import { HistoryPurge } from '../services/purge/history-purge.ts'
import { RedactionCensor } from '../services/purge/redaction-censor.ts'
import { RoomDeletion } from '../services/purge/room-deletion.ts'
import type { RoomListener } from '../services/purge/room-listener.ts'
import { RoomPurges } from '../services/purge/room-purges.ts'
import { RoomShutdown } from '../services/purge/room-shutdown.ts'
import { StateCollector } from '../services/purge/state-collector.ts'
import type { Core } from './core.ts'
import type { Foundations } from './foundations.ts'
import type { createRooms } from './rooms.ts'
import type { Stores } from './stores.ts'
import type { createSync } from './sync.ts'

/** Work beside the requests, and what is deleted by it. */
export function createPurging(
  { config, clock, logger, registry, database, serverName, randomBytes }: Foundations,
  stores: Stores,
  core: Core,
  rooms: ReturnType<typeof createRooms>,
  { tails, views }: ReturnType<typeof createSync>,
) {
  const { events, heads, writer, eventSender: sender, roomMaintenance: maintenance } = core
  const onRoomChanged: RoomListener = ({ roomNid, roomId }) => {
    heads.atHand(roomId)?.forgetState()
    tails.invalidate(roomNid)
  }
  const onRoomGone: RoomListener = ({ roomNid, roomId }) => {
    tails.invalidate(roomNid)
    views.onRoomGone(roomNid, roomId)
  }
  const log = logger.child({ component: 'jobs' })
  const common = { ...stores, ...rooms, events, heads, writer, maintenance, clock, serverName, onRoomChanged }
  const collector = new StateCollector(common)
  const historyPurge = new HistoryPurge({
    ...common,
    collection: { jobFor: (roomId, now) => collector.jobFor(roomId, now), schedule: (job) => jobs.schedule(job) },
  })
  const shutdown = new RoomShutdown({
    ...common,
    sender,
    log: core.log,
    rooms: core.rooms,
    logger: log,
    roomVersion: config.default_room_version,
  })
  const roomDeletion = new RoomDeletion({ ...common, shutdown, blocks: rooms.roomBlocks, onRoomGone })
  const retentionMs = config.redaction_retention_period
  const kinds = [
    historyPurge,
    collector,
    roomDeletion,
    ...(retentionMs === null ? [] : [new RedactionCensor({ ...common, logger: log, retentionMs })]),
  ]
  const jobs: JobRunner = new JobRunner({
    clock,
    logger: log,
    rows: stores.jobStore,
    write: (entry) => database.write(entry),
    kinds,
    isOverload: (error) => error instanceof DatabaseBusyError,
    isClosed: (error) => error instanceof DatabaseUnavailableError,
    observer: jobMetrics(
      registry,
      kinds.map(({ name }) => name),
    ),
  })
  const historyPoints = new HistoryPoints({ ...common, rooms: core.rooms })
  const roomPurges = new RoomPurges({
    ...common,
    rooms: core.rooms,
    jobs,
    historyPoints,
    historyPurge,
    roomDeletion,
    randomBytes,
  })
  return { jobs, roomPurges, scheduledTasks: new ScheduledTasks(stores) }
}
