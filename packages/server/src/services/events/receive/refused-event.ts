import { isUserId, type RoomEvent } from '@magik/protocol'
import { eventStatus, type EventStatus, type StoredEvent } from '../../../storage/stored-event.ts'
import type { StagedChunks } from '../../state/staged-chunks.ts'
import { type EventBuilding, identityOf, stateAfter } from '../build-event.ts'
import { type BuiltEvent, NO_GRAPH_CHANGES } from '../built-event.ts'
import type { EntryUsers } from '../entry-users.ts'
import type { RoomHead } from '../room-heads.ts'
import { earlierRedaction, type ExpectedEventsDeps } from './expected-events.ts'

/**
 * What storing an event takes that becomes no part of the room: rejected and soft-failed ones with their place in the
 * graph, since others may build on them, and outliers without. The room's extremities and state stay as they are.
 *
 * What builds on a rejected event finds the state before it; what builds on a soft-failed one finds it in the state.
 * @spec server-server-api/#rejection
 * @spec server-server-api/#soft-failure
 */
export async function refusedEvent(
  deps: EventBuilding & ExpectedEventsDeps,
  head: RoomHead,
  event: RoomEvent,
  place: {
    readonly status: EventStatus
    readonly stateBefore: number | undefined
    readonly depth: number
    readonly outlierNid: number | undefined
  },
  users: EntryUsers,
  staged: StagedChunks,
): Promise<BuiltEvent> {
  const { status, stateBefore, depth, outlierNid } = place
  const eventNid = outlierNid ?? (await deps.numbers.next('event'))
  const { roomNid } = head
  const { pdu } = event
  const isPartOfState = status === eventStatus.softFailed && stateBefore !== undefined
  const after = isPartOfState ? await stateAfter(deps, { roomNid, stateBefore, eventNid, pdu }, staged) : stateBefore
  const stored: StoredEvent = {
    ...(await identityOf(head, event, users)),
    eventNid,
    position: undefined,
    depth,
    status,
    stateBefore,
    stateAfter: after,
    // It may be shown all the same: as a part of the room's state, or once it gets a place.
    redactedBy: await earlierRedaction(deps, head, event),
    transaction: undefined,
  }
  // A member event may enter the state later, when forks are resolved: its user has a number then.
  if (pdu.type === 'm.room.member' && pdu.state_key !== undefined && isUserId(pdu.state_key)) {
    await users.numberOf(pdu.state_key)
  }
  return {
    event: stored,
    pdu,
    head: { ...head.pending, nextChunk: staged.nextChunk },
    currentRoot: head.pending.stateRoot,
    chunks: staged.chunks,
    isLinear: true,
    membershipChanges: [],
    redaction: undefined,
    unread: undefined,
    wasOutlier: outlierNid !== undefined,
    graph: NO_GRAPH_CHANGES,
  }
}
