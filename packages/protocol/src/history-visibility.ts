import type { Pdu } from './event/pdu.ts'

/** Who may read what was sent while it holds. @spec client-server-api/#mroomhistory_visibility */
export type HistoryVisibility = 'world_readable' | 'shared' | 'invited' | 'joined'

/** What decides whether a reader may see an event. State is always that at the event, never today's. */
export interface VisibilityQuestion {
  /** In the state before the event. */
  readonly visibility: HistoryVisibility
  /** In the state after the event; differs only for `m.room.history_visibility` events. */
  readonly visibilityAfter: HistoryVisibility
  /** The reader's membership in the state before the event, `undefined` if there was none. */
  readonly membership: string | undefined
  /** In the state after the event; differs only for the reader's own membership events. */
  readonly membershipAfter: string | undefined
  /** Whether the reader has been in the room at any point after the event, now included. */
  readonly joinedLater: boolean
}

/**
 * Whether a reader may see an event.
 * @spec client-server-api/#room-history-visibility
 */
export function mayReadEvent(question: VisibilityQuestion): boolean {
  const { visibility, visibilityAfter, membership, membershipAfter, joinedLater } = question
  return (
    // 1
    visibility === 'world_readable' ||
    visibilityAfter === 'world_readable' ||
    // 2
    membership === 'join' ||
    membershipAfter === 'join' ||
    // 3
    (joinedLater && (visibility === 'shared' || visibilityAfter === 'shared')) ||
    // 4
    ((membership === 'invite' || membershipAfter === 'invite') &&
      (visibility === 'invited' || visibilityAfter === 'invited'))
    // 5
  )
}

/**
 * The visibility that a room's `m.room.history_visibility` event sets; `shared` if there is no such event or its value
 * is not one the spec knows.
 * @spec client-server-api/#room-history-visibility
 */
export function historyVisibilityOf(event: Pick<Pdu, 'content'> | undefined): HistoryVisibility {
  const value = event?.content.history_visibility
  switch (value) {
    case 'world_readable':
    case 'invited':
    case 'joined':
      return value
    default:
      return 'shared'
  }
}
