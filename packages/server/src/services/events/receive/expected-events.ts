import type { EventId, RoomEvent } from '@magik/protocol'
import { type EventStore, MAX_EVENTS_PER_READ } from '../../../storage/event-store.ts'
import { MAX_BACKWARD_EXTREMITIES, type RoomGraphStore } from '../../../storage/room-graph-store.ts'
import type { StateReading } from '../auth-state.ts'
import { waitingRedaction } from '../plan-redaction.ts'
import type { ExpectedEvents, RoomHead } from '../room-heads.ts'

/** What knowing which events a room waits for takes. */
export interface ExpectedEventsDeps {
  readonly eventStore: EventStore
  readonly roomGraphStore: RoomGraphStore
}

/** Whether events that are known build on this one, which is only now received. */
export async function isMissed(deps: ExpectedEventsDeps, head: RoomHead, eventId: EventId): Promise<boolean> {
  const { missing } = await expectedEvents(deps, head)
  return missing?.has(eventId) ?? deps.roomGraphStore.isBackwardExtremity(head.roomNid, eventId)
}

/** Number of the redaction that has come before the event it is about, if there is one that takes effect. */
export async function earlierRedaction(
  deps: ExpectedEventsDeps & StateReading,
  head: RoomHead,
  { eventId, pdu: { sender } }: RoomEvent,
): Promise<number | undefined> {
  const { roomNid } = head
  const { redacted } = await expectedEvents(deps, head)
  if (redacted?.has(eventId) === false) return undefined
  return waitingRedaction(deps, await deps.eventStore.redactionsOf(roomNid, eventId), { roomNid, sender })
}

async function expectedEvents(deps: ExpectedEventsDeps, head: RoomHead): Promise<ExpectedEvents> {
  if (head.expected !== undefined) return head.expected
  // Read while nothing of the room is on its way to the disk, or something may be missed for good.
  if (head.isBusy) return { missing: undefined, redacted: undefined }
  const missing = await deps.roomGraphStore.backwardExtremities(head.roomNid)
  const redacted = await deps.eventStore.redactedIds(head.roomNid)
  const isWhole = {
    missing: missing.length < MAX_BACKWARD_EXTREMITIES,
    redacted: redacted.length < MAX_EVENTS_PER_READ,
  }
  head.expected = {
    missing: isWhole.missing ? new Set(missing.map(({ eventId }) => eventId)) : undefined,
    redacted: isWhole.redacted ? new Set(redacted) : undefined,
  }
  return head.expected
}
