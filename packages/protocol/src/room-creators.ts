import { isUserId } from './identifiers.ts'
import type { Pdu } from './event/pdu.ts'
import type { JsonValue } from './json/json-value.ts'
import type { RoomVersion } from './room-version/room-version.ts'

/**
 * Whether a user is one of a room's creators.
 * @param create the room's create event.
 * @spec rooms/v12/#event-format
 */
export function isRoomCreator(userId: string, create: Pdu, version: RoomVersion): boolean {
  const creator = version.creatorNamedBy === 'sender' ? create.sender : create.content.creator
  if (userId === creator) return true
  const { additional_creators: additional } = create.content
  return version.additionalCreators && Array.isArray(additional) && additional.includes(userId)
}

/**
 * Whether a create event's `additional_creators` is absent or an array of user IDs.
 * @spec rooms/v12/#authorisation-rules
 */
export function isAdditionalCreators(value: JsonValue | undefined): boolean {
  if (value === undefined) return true
  return Array.isArray(value) && value.every((userId) => typeof userId === 'string' && isUserId(userId))
}
