import Type from 'typebox'
import { JsonObject } from '../../platform/http/schemas.ts'
import type { Redactions } from '../../services/rooms/redactions.ts'
import { endpoint } from '../endpoint.ts'
import { EventIdText, RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

/** Redacts an event. @spec client-server-api/#put_matrixclientv3roomsroomidredacteventidtxnid */
export const redactEvent = endpoint({
  route: 'PUT /_matrix/client/v3/rooms/{roomId}/redact/{eventId}/{txnId}',
  also: olderPaths('/rooms/{roomId}/redact/{eventId}/{txnId}'),
  auth: 'user',
  rateLimit: 'rc_message',
  path: { roomId: RoomIdText, eventId: EventIdText, txnId: Type.String() },
  body: Type.Intersect([JsonObject, Type.Object({ reason: Type.Optional(Type.String()) })]),
  reply: { event_id: Type.String() },
  async handle({ path, body, requester }, { redactions }: { redactions: Redactions }) {
    const { roomId, eventId, txnId } = path
    const transaction = { deviceId: requester.deviceId ?? '', id: txnId }
    const sent = await redactions.redact({ roomId, requester, eventId, content: body, transaction })
    return { event_id: sent.eventId }
  },
})
