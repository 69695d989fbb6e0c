import { isEventId, MatrixError } from '@magik/protocol'
import Type from 'typebox'
import type { PurgePoint, RoomPurges } from '../../services/purge/room-purges.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText } from '../identifier-schemas.ts'

interface Deps {
  readonly roomPurges: RoomPurges
}

/** Begins to delete a room's history up to an event, or up to what had been received at a time. */
export const purgeHistory = endpoint({
  route: 'POST /_synapse/admin/v1/purge_history/{roomId}/{eventId}',
  also: ['/_synapse/admin/v1/purge_history/{roomId}'],
  auth: 'admin',
  path: { roomId: RoomIdText, eventId: Type.String() },
  body: Type.Object({
    delete_local_events: Type.Optional(Type.Boolean()),
    purge_up_to_event_id: Type.Optional(Type.String()),
    purge_up_to_ts: Type.Optional(Type.Integer()),
  }),
  reply: { purge_id: Type.String() },
  async handle({ path, body }, { roomPurges }: Deps) {
    const { delete_local_events: deletesLocalEvents = false } = body
    const point = pointOf(path.eventId || body.purge_up_to_event_id, body.purge_up_to_ts)
    return { purge_id: await roomPurges.purgeHistory(path.roomId, point, deletesLocalEvents) }
  },
})

/** How a purge of history is getting on. */
export const purgeHistoryStatus = endpoint({
  route: 'GET /_synapse/admin/v1/purge_history_status/{purgeId}',
  auth: 'admin',
  reply: { status: Type.String(), error: Type.Optional(Type.String()) },
  async handle({ path }, { roomPurges }: Deps) {
    const job = await roomPurges.historyPurgeOf(path.purgeId)
    if (job === undefined) throw new MatrixError('M_NOT_FOUND', `purge id '${path.purgeId}' not found`)
    const { status, error } = job
    return { status: status === 'scheduled' ? 'active' : status, ...(error !== undefined && { error }) }
  },
})

/** @throws MatrixError M_NOT_FOUND for what is no event ID; M_BAD_JSON if there is no point */
function pointOf(eventId: string | undefined, ts: number | undefined): PurgePoint {
  if (eventId !== undefined) {
    if (!isEventId(eventId)) throw new MatrixError('M_NOT_FOUND', `Could not find event ${eventId}`)
    return { eventId }
  }
  if (ts === undefined) {
    throw new MatrixError('M_BAD_JSON', 'must specify purge_up_to_event_id or purge_up_to_ts')
  }
  return { receivedBy: ts }
}
