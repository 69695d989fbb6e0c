import { isEventId, isRoomAlias, isRoomId, isUserId } from '@magik/protocol'
import { brandedString } from '../platform/http/schemas.ts'

/** The ID of a room of any room version. */
export const RoomIdText = brandedString(isRoomId)
/** The ID of an event of any room version. */
export const EventIdText = brandedString(isEventId)
/** The alias of a room. */
export const RoomAliasText = brandedString(isRoomAlias)
/** The ID of a user, historical ones included. */
export const UserIdText = brandedString(isUserId)
