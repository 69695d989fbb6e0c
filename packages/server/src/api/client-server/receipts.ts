import { isEventId, isRoomId, MatrixError } from '@magik/protocol'
import Type from 'typebox'
import { brandedString, JsonObject } from '../../platform/http/schemas.ts'
import type { ReadMarkers } from '../../services/rooms/read-markers.ts'
import type { Receipts } from '../../services/rooms/receipts.ts'
import { endpoint } from '../endpoint.ts'
import { olderPaths } from '../older-paths.ts'

/**
 * `m.fully_read` sets the fully read marker instead.
 * @spec client-server-api/#post_matrixclientv3roomsroomidreceiptreceipttypeeventid
 */
export const postReceipt = endpoint({
  route: 'POST /_matrix/client/v3/rooms/{roomId}/receipt/{receiptType}/{eventId}',
  also: olderPaths('/rooms/{roomId}/receipt/{receiptType}/{eventId}'),
  auth: 'guest',
  path: {
    roomId: brandedString(isRoomId),
    receiptType: Type.Union([Type.Literal('m.read'), Type.Literal('m.read.private'), Type.Literal('m.fully_read')]),
    eventId: brandedString(isEventId),
  },
  body: JsonObject,
  async handle({ path, body, requester }, { receipts, readMarkers }: { receipts: Receipts; readMarkers: ReadMarkers }) {
    const { roomId, receiptType: type, eventId } = path
    if (type === 'm.fully_read') {
      if (body['thread_id'] !== undefined) {
        throw new MatrixError('M_INVALID_PARAM', 'thread_id is not compatible with m.fully_read receipts')
      }
      await readMarkers.setFullyRead(requester, roomId, eventId)
    } else {
      await receipts.set(requester, roomId, { type, eventId, body })
    }
    return {}
  },
})
