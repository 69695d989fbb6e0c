import { stringifyJson } from '@magik/protocol'
import Type from 'typebox'
import { jsonText } from '../../platform/http/reply.ts'
import type { ClientEvents } from '../../services/events/client-events.ts'
import type { EventReader } from '../../services/events/event-reader.ts'
import type { RoomAccess } from '../../services/rooms/room-access.ts'
import type { RoomReader } from '../../services/rooms/room-reader.ts'
import { parseRoomToken } from '../../services/sync/stream-token.ts'
import { endpoint } from '../endpoint.ts'
import { EventIdText, RoomIdText } from '../identifier-schemas.ts'
import { olderPaths } from '../older-paths.ts'
import { statePathsWithoutKey } from './state-paths.ts'

const MembershipName = Type.Union([
  Type.Literal('join'),
  Type.Literal('invite'),
  Type.Literal('knock'),
  Type.Literal('leave'),
  Type.Literal('ban'),
])

/** One event, if the reader may see it. @spec client-server-api/#get_matrixclientv3roomsroomideventeventid */
export const getOneRoomEvent = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/event/{eventId}',
  also: olderPaths('/rooms/{roomId}/event/{eventId}'),
  auth: 'guest',
  path: { roomId: RoomIdText, eventId: EventIdText },
  async handle({ path, requester }, { roomReader }: { roomReader: RoomReader }) {
    return jsonText(await roomReader.event(path.roomId, path.eventId, requester))
  },
})

/** The room's state, as it is or was when the reader left. @spec client-server-api/#get_matrixclientv3roomsroomidstate */
export const getRoomState = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/state',
  also: olderPaths('/rooms/{roomId}/state'),
  auth: 'guest',
  path: { roomId: RoomIdText },
  async handle({ path, requester }, { roomAccess, roomReader }: { roomAccess: RoomAccess; roomReader: RoomReader }) {
    const reading = await roomAccess.read(path.roomId, requester)
    return jsonText(await roomReader.state(reading, requester))
  },
})

/**
 * One state event: its content, or the whole of it.
 * @spec client-server-api/#get_matrixclientv3roomsroomidstateeventtypestatekey
 */
export const getRoomStateWithKey = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/state/{eventType}/{stateKey}',
  also: [...olderPaths('/rooms/{roomId}/state/{eventType}/{stateKey}'), ...statePathsWithoutKey()],
  auth: 'guest',
  path: { roomId: RoomIdText, eventType: Type.String(), stateKey: Type.String() },
  query: { format: Type.Optional(Type.Union([Type.Literal('content'), Type.Literal('event')])) },
  async handle(
    { path, query, requester },
    deps: { roomAccess: RoomAccess; roomReader: RoomReader; clientEvents: ClientEvents; events: EventReader },
  ) {
    const reading = await deps.roomAccess.read(path.roomId, requester)
    const event = await deps.roomReader.stateEvent(reading, path.eventType, path.stateKey)
    if (query.format === 'event') return jsonText(await deps.clientEvents.render(event, requester))
    return jsonText(stringifyJson(deps.events.pdu(event).content))
  },
})

/** Membership events, now or at a token. @spec client-server-api/#get_matrixclientv3roomsroomidmembers */
export const getMembersByRoom = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/members',
  also: olderPaths('/rooms/{roomId}/members'),
  auth: 'guest',
  path: { roomId: RoomIdText },
  query: {
    at: Type.Optional(Type.String()),
    membership: Type.Optional(MembershipName),
    not_membership: Type.Optional(MembershipName),
  },
  async handle(
    { path, query, requester },
    { roomAccess, roomReader }: { roomAccess: RoomAccess; roomReader: RoomReader },
  ) {
    const reading = await roomAccess.read(path.roomId, requester)
    const at = query.at === undefined ? undefined : parseRoomToken(query.at)
    const selection = { at, membership: query.membership, notMembership: query.not_membership }
    const members = await roomReader.members(reading, selection, requester)
    return jsonText(`{"chunk":[${members.join(',')}]}`)
  },
})

/** Who is in the room, with their profiles. @spec client-server-api/#get_matrixclientv3roomsroomidjoined_members */
export const getJoinedMembersByRoom = endpoint({
  route: 'GET /_matrix/client/v3/rooms/{roomId}/joined_members',
  also: olderPaths('/rooms/{roomId}/joined_members'),
  auth: 'user',
  path: { roomId: RoomIdText },
  async handle({ path, requester }, { roomAccess, roomReader }: { roomAccess: RoomAccess; roomReader: RoomReader }) {
    const room = await roomAccess.readCurrent(path.roomId, requester)
    return { joined: await roomReader.joinedMembers(room) }
  },
})
