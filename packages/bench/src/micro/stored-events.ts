import { type EventId, stringifyJson } from '@magik/protocol'
import type { EventReaderStore } from '../../../server/src/services/events/event-reader.ts'
import { eventStatus, type StoredEvent } from '../../../server/src/storage/stored-event.ts'
import type { RoomEvents } from './room-events.ts'

/** A room's events as the event reader finds them in a database, which here is a map. */
export function storedEvents(events: RoomEvents, roomNid: number) {
  const byNumber = new Map<number, StoredEvent>()
  const byId = new Map<string, StoredEvent>()
  for (const { eventId, roomId, pdu } of events.all.values()) {
    const event: StoredEvent = {
      eventNid: byNumber.size + 1,
      eventId,
      roomNid,
      roomId,
      roomVersion: events.version,
      type: pdu.type,
      stateKey: pdu.state_key,
      sender: pdu.sender,
      senderNid: 1,
      originServerTs: pdu.origin_server_ts,
      position: byNumber.size + 1,
      depth: byNumber.size + 1,
      status: eventStatus.accepted,
      stateBefore: undefined,
      stateAfter: undefined,
      redactedBy: undefined,
      transaction: undefined,
      json: stringifyJson(pdu),
    }
    byNumber.set(event.eventNid, event)
    byId.set(eventId, event)
  }
  const store: EventReaderStore = {
    findById: async (eventId) => byId.get(eventId),
    findByIds: async (eventIds) => eventIds.flatMap((eventId) => byId.get(eventId) ?? []),
    findByNids: async (eventNids) => eventNids.flatMap((eventNid) => byNumber.get(eventNid) ?? []),
  }
  return {
    store,
    numberOf: (eventId: EventId): number | undefined => byId.get(eventId)?.eventNid,
    idOf: (eventNid: number): EventId | undefined => byNumber.get(eventNid)?.eventId,
  }
}
