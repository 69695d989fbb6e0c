import {
  authEventIds,
  type EventId,
  impliedCreateEventId,
  type Pdu,
  type RoomId,
  type RoomVersion,
} from '@magik/protocol'
import type { StoredEvent } from '../../../storage/stored-event.ts'

/** Events loaded at once. */
export const EVENTS_AT_ONCE = 100

/** The room whose auth chains are looked at. */
export interface AuthRoom {
  readonly roomNid: number
  readonly roomId: RoomId
  readonly version: RoomVersion
}

/** Where events come from; the uncommitted ones too, if somebody knows their numbers. */
export interface AuthEventSource {
  getMany(eventNids: Iterable<number>): Promise<Map<number, StoredEvent>>
  findManyForWriting(eventIds: Iterable<EventId>): Promise<Map<EventId, StoredEvent>>
  pdu(event: StoredEvent): Pdu
}

/** An event with its auth events, as far as they are known and of the same room. */
export interface AuthReference {
  readonly eventNid: number
  readonly eventId: EventId
  readonly isState: boolean
  /** Those that it names. */
  readonly named: readonly number[]
  /** Those and, where it goes without saying, the create event. */
  readonly authNids: readonly number[]
}

/** The auth events of a room's events, by their numbers. Numbers that are not known are left out. */
export async function authReferences(
  events: AuthEventSource,
  room: AuthRoom,
  eventNids: readonly number[],
): Promise<Map<number, AuthReference>> {
  const references = new Map<number, AuthReference>()
  for (let start = 0; start < eventNids.length; start += EVENTS_AT_ONCE) {
    const found = await events.getMany(eventNids.slice(start, start + EVENTS_AT_ONCE))
    const own = [...found.values()].filter(({ roomNid }) => roomNid === room.roomNid)
    for (const reference of await referencesOf(events, room, own)) references.set(reference.eventNid, reference)
  }
  return references
}

async function referencesOf(
  events: AuthEventSource,
  room: AuthRoom,
  found: readonly StoredEvent[],
): Promise<AuthReference[]> {
  const named = found.map((event) => ({ event, eventIds: authEventIds(events.pdu(event)) }))
  const createEventId = impliedCreateEventId(room.roomId, room.version)
  const eventIds = new Set(named.flatMap((each) => each.eventIds))
  if (createEventId !== undefined) eventIds.add(createEventId)
  const known = await events.findManyForWriting(eventIds)
  const numberOf = (eventId: EventId) => {
    const event = known.get(eventId)
    return event?.roomNid === room.roomNid ? [event.eventNid] : []
  }
  return named.map(({ event, eventIds }) => {
    const { eventNid, eventId, stateKey } = event
    const nids = new Set(eventIds.flatMap(numberOf))
    const implied = createEventId === undefined || createEventId === eventId ? [] : numberOf(createEventId)
    return {
      eventNid,
      eventId,
      isState: stateKey !== undefined,
      named: [...nids],
      authNids: [...nids.union(new Set(implied))],
    }
  })
}
