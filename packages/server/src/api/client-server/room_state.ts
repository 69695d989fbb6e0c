import Type from 'typebox'
import { JsonObject } from '../../platform/http/schemas.ts'
import type { RoomStateEvents } from '../../services/rooms/room-state-events.ts'
import { endpoint } from '../endpoint.ts'
import { RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'
import { statePathsWithoutKey } from './state-paths.ts'

/**
 * Sends a state event. Setting what is in force already answers with the event that set it.
 * @spec client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey
 */
export const setRoomStateWithKey = endpoint({
  route: 'PUT /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
  also: [...olderPaths('/rooms/{roomId}/state/{eventType}/{stateKey}'), ...statePathsWithoutKey()],
  auth: 'guest',
  rateLimit: 'rc_message',
  path: { roomId: RoomIdText, eventType: Type.String(), stateKey: Type.String() },
  body: JsonObject,
  reply: { event_id: Type.String() },
  async handle({ path, body, requester }, { roomStateEvents }: { roomStateEvents: RoomStateEvents }) {
    const { roomId, eventType: type, stateKey } = path
    return { event_id: await roomStateEvents.set({ roomId, requester, type, stateKey, content: body }) }
  },
})
