import { isUserId, MatrixError, type RoomId, type ServerName, serverNameOf } from '@magik/protocol'
import Type, { type Static } from 'typebox'
import type { Job } from '../../platform/jobs/job.ts'
import type { RoomDeletionParameters } from '../../services/purge/room-deletion.ts'
import type { RoomPurges } from '../../services/purge/room-purges.ts'
import { reportOf } from '../../services/purge/room-shutdown.ts'
import type { Rooms } from '../../services/rooms/rooms.ts'
import type { Requester } from '../../services/auth/requester.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText } from '../identifier-schemas.ts'

interface Deps {
  readonly roomPurges: RoomPurges
  readonly rooms: Rooms
}

const Text = Type.Optional(Type.Union([Type.String(), Type.Null()]))

const DeleteRoomBody = Type.Object({
  new_room_user_id: Text,
  room_name: Text,
  message: Text,
  block: Type.Optional(Type.Boolean()),
  purge: Type.Optional(Type.Boolean()),
  force_purge: Type.Optional(Type.Boolean()),
})

const Report = {
  kicked_users: Type.Array(Type.String()),
  failed_to_kick_users: Type.Array(Type.String()),
  local_aliases: Type.Array(Type.String()),
  new_room_id: Type.Union([Type.String(), Type.Null()]),
}

const Deletion = {
  delete_id: Type.String(),
  room_id: Type.String(),
  status: Type.String(),
  shutdown_room: Type.Union([Type.Object(Report), Type.Null()]),
  error: Type.Optional(Type.String()),
}

/** Deletes a room and answers when that is done. One that is not known can be blocked. */
export const deleteRoom = endpoint({
  route: 'DELETE /_synapse/admin/v1/rooms/{roomId}',
  auth: 'admin',
  path: { roomId: RoomIdText },
  body: DeleteRoomBody,
  reply: Report,
  async handle({ path, body, requester }, { roomPurges, rooms }: Deps) {
    const parameters = deletionOf(path.roomId, body, requester)
    if (!parameters.isBlocked && (await rooms.find(path.roomId)) === undefined) {
      throw new MatrixError('M_NOT_FOUND', 'This room is not known here')
    }
    const job = await roomPurges.ended(await roomPurges.deleteRoom(parameters))
    if (job?.error !== undefined) throw new MatrixError('M_UNKNOWN', job.error, { status: 400 })
    return reportOf(job?.result ?? null)
  },
})

/** Begins to delete a room. */
export const deleteRoomInBackground = endpoint({
  route: 'DELETE /_synapse/admin/v2/rooms/{roomId}',
  auth: 'admin',
  path: { roomId: RoomIdText },
  body: DeleteRoomBody,
  reply: { delete_id: Type.String() },
  async handle({ path, body, requester }, { roomPurges }: Deps) {
    return { delete_id: await roomPurges.deleteRoom(deletionOf(path.roomId, body, requester)) }
  },
})

/** How the deletions of a room are getting on, or went. */
export const deleteStatusOfRoom = endpoint({
  route: 'GET /_synapse/admin/v2/rooms/{roomId}/delete_status',
  auth: 'admin',
  path: { roomId: RoomIdText },
  reply: { results: Type.Array(Type.Object(Deletion)) },
  async handle({ path }, { roomPurges }: Deps) {
    const jobs = await roomPurges.deletionsOf(path.roomId)
    if (jobs.length === 0) {
      throw new MatrixError('M_NOT_FOUND', `No delete task for room_id '${path.roomId}' found`)
    }
    return { results: jobs.map(deletionReply) }
  },
})

/** How a deletion is getting on, or went. */
export const deleteStatus = endpoint({
  route: 'GET /_synapse/admin/v2/rooms/delete_status/{deleteId}',
  auth: 'admin',
  reply: Deletion,
  async handle({ path }, { roomPurges }: Deps) {
    const job = await roomPurges.deletion(path.deleteId)
    if (job === undefined) throw new MatrixError('M_NOT_FOUND', `delete id '${path.deleteId}' not found`)
    return deletionReply(job)
  },
})

/** @throws MatrixError M_UNKNOWN (400) if people are to be moved to a room of another server's user */
function deletionOf(roomId: RoomId, body: Static<typeof DeleteRoomBody>, requester: Requester): RoomDeletionParameters {
  const { new_room_user_id: newRoomUserId = null } = body
  if (newRoomUserId !== null) requireOwn(newRoomUserId, serverNameOf(requester.userId))
  return {
    roomId,
    requester: requester.userId,
    newRoomUserId,
    newRoomName: body.room_name ?? null,
    message: body.message ?? null,
    isBlocked: body.block ?? false,
    isPurged: body.purge ?? true,
    isForced: body.force_purge ?? false,
  }
}

function requireOwn(userId: string, serverName: ServerName): void {
  if (isUserId(userId) && serverNameOf(userId) === serverName) return
  throw new MatrixError('M_UNKNOWN', `User must be our own: ${userId}`, { status: 400 })
}

function deletionReply(job: Job) {
  const { jobId, resource = '', status, error, result } = job
  return {
    delete_id: jobId,
    room_id: resource,
    status,
    shutdown_room: result === null ? null : reportOf(result),
    ...(error !== undefined && { error }),
  }
}
