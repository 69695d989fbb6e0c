import { isEventId, MatrixError } from '@magik/protocol'
import Type from 'typebox'
import { JsonObject } from '../../platform/http/schemas.ts'
import { refuseSuspended } from '../../services/auth/suspension.ts'
import type { EventSender } from '../../services/events/event-sender.ts'
import type { Redactions } from '../../services/rooms/redactions.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'

/**
 * Sends a message event. Repeating a transaction ID from the same device answers with the first event.
 * @spec client-server-api/#put_matrixclientv3roomsroomidsendeventtypetxnid
 */
export const sendMessage = endpoint({
  route: 'PUT /_matrix/client/v3/rooms/{roomId}/send/{eventType}/{txnId}',
  also: olderPaths('/rooms/{roomId}/send/{eventType}/{txnId}'),
  auth: 'guest',
  rateLimit: 'rc_message',
  path: { roomId: RoomIdText, eventType: Type.String(), txnId: Type.String() },
  body: JsonObject,
  reply: { event_id: Type.String() },
  async handle(
    { path, body, requester },
    { eventSender, redactions }: { eventSender: EventSender; redactions: Redactions },
  ) {
    const { roomId, eventType: type, txnId } = path
    const transaction = { deviceId: requester.deviceId ?? '', id: txnId }
    if (type === 'm.room.redaction') {
      const eventId = body['redacts']
      if (typeof eventId !== 'string' || !isEventId(eventId)) {
        throw new MatrixError('M_BAD_JSON', 'A redaction must name the event it "redacts"')
      }
      const sent = await redactions.redact({ roomId, requester, eventId, content: body, transaction })
      return { event_id: sent.eventId }
    }
    refuseSuspended(requester)
    const sent = await eventSender.send(roomId, { type, content: body, sender: requester.userId, transaction })
    return { event_id: sent.eventId }
  },
})
