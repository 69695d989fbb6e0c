import {
  authStateOf,
  checkAuthEvents,
  checkAuthRules,
  type ClaimedAuthEvent,
  type Pdu,
  type RoomEvent,
  type RoomVersion,
  type Verdict,
} from '@magik/protocol'
import { eventStatus, type EventStatus, isRejected, type StoredEvent } from '../../../storage/stored-event.ts'
import { loadAuthState, loadAuthStateAt, type StateReading } from '../auth-state.ts'
import type { RoomHead } from '../room-heads.ts'

/** What an event is, by the checks on receipt, and why. */
export interface Judgement {
  readonly status: EventStatus
  /** Of a refusal: the rule. */
  readonly reason: string | undefined
}

const ACCEPTED: Judgement = { status: eventStatus.accepted, reason: undefined }

/** An event's claimed auth events, as the rules on them take them. */
export function claimedAuthEvents(
  authEvents: readonly StoredEvent[],
  pduOf: (event: StoredEvent) => Pdu,
): ClaimedAuthEvent[] {
  return authEvents.map((event) => ({
    eventId: event.eventId,
    roomId: event.roomId,
    pdu: pduOf(event),
    rejected: isRejected(event.status),
  }))
}

/**
 * Check 4: the event against the auth events that it claims. It takes no part of the room's graph.
 * @param create the room's create event, where it goes without saying.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export function judgeByAuthEvents(
  event: RoomEvent,
  claimed: readonly ClaimedAuthEvent[],
  create: Pdu | undefined,
  version: RoomVersion,
): Verdict {
  const verdict = checkAuthEvents(event, claimed, version)
  if (!verdict.allowed) return verdict
  const pdus = claimed.map(({ pdu }) => pdu)
  const state = authStateOf(create === undefined ? pdus : [create, ...pdus])
  return checkAuthRules(event, state, version)
}

/**
 * Checks 4 to 6: the event against the auth events that it claims, the state before it and the room's current state.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export async function judgeEvent(
  deps: StateReading,
  head: RoomHead,
  event: RoomEvent,
  place: { readonly authEvents: readonly StoredEvent[]; readonly stateBefore: number; readonly isEntry: boolean },
): Promise<Judgement> {
  const { version } = head
  const { authEvents, stateBefore } = place
  const before = await loadAuthStateAt(deps, head, stateBefore, event.pdu)
  const create = version.createEventIn === 'room-id' ? before.lookup('m.room.create', '') : undefined
  // 4
  const claimed = claimedAuthEvents(authEvents, (authEvent) => deps.events.pdu(authEvent))
  const byAuthEvents = judgeByAuthEvents(event, claimed, create, version)
  if (!byAuthEvents.allowed) return { status: eventStatus.rejected, reason: byAuthEvents.rule }
  // 5
  const byStateBefore = checkAuthRules(event, before.lookup, version)
  if (!byStateBefore.allowed) return { status: eventStatus.rejectedByState, reason: byStateBefore.rule }
  // 6
  const { forwardExtremities, stateRoot } = head.pending
  // A room that is being entered has no current state, or the one of an earlier stay.
  if (stateRoot === stateBefore || forwardExtremities.length === 0 || place.isEntry) return ACCEPTED
  const byCurrentState = checkAuthRules(event, (await loadAuthState(deps, head, event.pdu)).lookup, version)
  if (byCurrentState.allowed) return ACCEPTED
  return { status: eventStatus.softFailed, reason: byCurrentState.rule }
}
