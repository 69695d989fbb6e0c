import type { JsonObject } from '@magik/protocol'
import type { StoredEvent } from '../../storage/stored-event.ts'
import { matchesWildcard } from './wildcard.ts'
import type { EventFilter, RoomEventFilter } from './sync-filter.ts'

/** Whether a filter lets all rooms' events of a kind through without looking at them. */
export function letsEverythingThrough(filter: RoomEventFilter): boolean {
  return (
    filter.types === undefined &&
    filter.notTypes.length === 0 &&
    filter.senders === undefined &&
    filter.notSenders.length === 0 &&
    filter.containsUrl === undefined
  )
}

/** Whether a filter lets a room in. @spec client-server-api/#filtering */
export function matchesRoom(
  filter: { readonly rooms: readonly string[] | undefined; readonly notRooms: readonly string[] },
  roomId: string,
): boolean {
  return (filter.rooms === undefined || filter.rooms.includes(roomId)) && !filter.notRooms.includes(roomId)
}

/** Whether a filter lets an event through by its type and sender. @spec client-server-api/#filtering */
export function matchesEvent(filter: EventFilter, event: { readonly type: string; readonly sender: string }): boolean {
  if (filter.notTypes.some((pattern) => matchesWildcard(pattern, event.type))) return false
  if (filter.types !== undefined && !filter.types.some((pattern) => matchesWildcard(pattern, event.type))) return false
  if (filter.notSenders.includes(event.sender)) return false
  return filter.senders === undefined || filter.senders.includes(event.sender)
}

/**
 * Whether a filter lets a room event through.
 * @param contentOf reads the content; called only when the filter asks for it.
 * @spec client-server-api/#filtering
 */
export function matchesRoomEvent(
  filter: RoomEventFilter,
  event: StoredEvent,
  contentOf: (event: StoredEvent) => JsonObject,
): boolean {
  if (!matchesEvent(filter, event)) return false
  if (filter.containsUrl === undefined) return true
  return (typeof contentOf(event)['url'] === 'string') === filter.containsUrl
}
