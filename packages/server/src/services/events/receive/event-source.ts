import type { EventId, RoomEvent, RoomId } from '@magik/protocol'

/** A stretch of a room's graph that is not known here. */
export interface GraphGap {
  readonly roomId: RoomId
  /** Events that are known: the walk back ends at them. */
  readonly earliest: readonly EventId[]
  /** The events that the walk back begins at; not wanted themselves. */
  readonly latest: readonly EventId[]
  readonly limit: number
}

/** The state of a room after an event, as another server tells it. */
export interface ToldRoomState {
  readonly state: readonly RoomEvent[]
  /** All that the auth chains of the state hold besides. */
  readonly authChain: readonly RoomEvent[]
}

/**
 * Where events come from that are needed to judge another: the other servers of the room. What it gives has passed the
 * checks of format, hashes and signatures. It answers within bounded time, with nothing where nobody can help.
 */
export interface EventSource {
  /** Some of the events in a gap, in any order. @spec server-server-api/#post_matrixfederationv1get_missing_eventsroomid */
  missingEvents(gap: GraphGap): Promise<readonly RoomEvent[]>
  /** The state after an event. @spec server-server-api/#get_matrixfederationv1stateroomid */
  stateAfter(roomId: RoomId, eventId: EventId): Promise<ToldRoomState | undefined>
  /** An event's auth chain. @spec server-server-api/#get_matrixfederationv1event_authroomideventid */
  authChain(roomId: RoomId, eventId: EventId): Promise<readonly RoomEvent[]>
}
