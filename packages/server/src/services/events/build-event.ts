import {
  CanonicalJsonError,
  checkAuthRules,
  checkEventSize,
  type JsonObject,
  MatrixError,
  type PduDraft,
  type RoomEvent,
  type RoomVersion,
  redactedEventId,
  type ServerName,
  type SigningKey,
  serverNameOf,
  signEvent,
  stringifyJson,
  isUserId,
} from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { HeadRow } from '../../storage/room-store.ts'
import { eventStatus, type StoredEvent } from '../../storage/stored-event.ts'
import { currentState, loadAuthState, type StateReading } from './auth-state.ts'
import type { BuiltEvent, MembershipChange } from './built-event.ts'
import type { EventDraft } from './event-draft.ts'
import type { EntryUsers } from './entry-users.ts'
import type { Numbers } from './numbers.ts'
import { planRedaction } from './plan-redaction.ts'
import { type RoomHead, stateCacheKey } from './room-heads.ts'
import type { UnreadAccounting } from './unread-accounting.ts'

/** What building an event takes. */
export interface EventBuilding extends StateReading {
  readonly clock: Clock
  readonly numbers: Numbers
  readonly serverName: ServerName
  readonly signingKey: SigningKey
  readonly unread: UnreadAccounting
}

/** Most `prev_events` of an event made here. */
const MAX_PREV_EVENTS = 10

/**
 * Turns a draft into the room's next event: references, hashes, signature, authorisation, new state. Nothing is
 * changed or stored: the caller does that, inside the room's queue.
 * @throws MatrixError M_FORBIDDEN if the room's state does not allow the event; M_TOO_LARGE; M_BAD_JSON if its content
 *   holds a number that the room version forbids.
 */
export async function buildEvent(
  deps: EventBuilding,
  head: RoomHead,
  draft: EventDraft,
  users: EntryUsers,
): Promise<BuiltEvent> {
  const auth = await loadAuthState(deps, head, {
    type: draft.type,
    sender: draft.sender,
    content: draft.content,
    ...(draft.stateKey !== undefined && { state_key: draft.stateKey }),
  })
  const extremities = head.pending.forwardExtremities.slice(0, MAX_PREV_EVENTS)
  const signed = signDraft(deps, head.version, {
    ...draftFields(draft, head, deps.clock.now()),
    auth_events: auth.authEventIds,
    prev_events: extremities.map(({ eventId }) => eventId),
    depth: head.pending.depth + 1,
  })
  const verdict = checkAuthRules(signed, auth.lookup, head.version)
  if (!verdict.allowed) throw new MatrixError('M_FORBIDDEN', verdict.reason)
  return completeEvent(deps, head, draft, signed, users)
}

/** Hashes and signs a draft, and refuses what no room could hold. */
export function signDraft(
  deps: Pick<EventBuilding, 'serverName' | 'signingKey'>,
  version: RoomVersion,
  draft: PduDraft,
): RoomEvent {
  try {
    const signed = signEvent(draft, deps.serverName, deps.signingKey, version)
    checkEventSize(signed.pdu)
    return signed
  } catch (error) {
    if (error instanceof CanonicalJsonError) throw new MatrixError('M_BAD_JSON', error.message, { cause: error })
    throw error
  }
}

/** The fields of a PDU that come from its draft. */
function draftFields(draft: EventDraft, room: Pick<RoomHead, 'roomId' | 'version'>, now: number) {
  const redacts = draft.redacts === undefined ? {} : { redacts: draft.redacts }
  const content: JsonObject = room.version.redactsIn === 'content' ? { ...draft.content, ...redacts } : draft.content
  return {
    type: draft.type,
    room_id: room.roomId,
    sender: draft.sender,
    content,
    origin_server_ts: draft.originServerTs ?? now,
    ...(draft.stateKey !== undefined && { state_key: draft.stateKey }),
    ...(room.version.redactsIn === 'top-level' && redacts),
  }
}

/** Adds to an allowed event what its commit has to write: the state after it and the projections it changes. */
export async function completeEvent(
  deps: EventBuilding,
  head: RoomHead,
  draft: EventDraft,
  signed: RoomEvent,
  users: EntryUsers,
): Promise<BuiltEvent> {
  const { pdu, eventId } = signed
  const base = head.pending
  const eventNid = await deps.numbers.next('event')
  const senderNid = await users.numberOf(pdu.sender)

  const stateKey = pdu.state_key
  const change =
    stateKey === undefined
      ? { root: base.stateRoot, chunks: [], nextChunk: base.nextChunk }
      : await deps.tree.update(
          head.roomNid,
          base.stateRoot,
          [{ type: pdu.type, stateKey, event: eventNid }],
          base.nextChunk,
        )
  const membershipChange = await membershipChangeOf(deps, head, signed, users)
  const redaction = await planRedaction(deps, head, pdu, redactedEventId(pdu, head.version))
  const event: StoredEvent = {
    eventNid,
    eventId,
    roomNid: head.roomNid,
    roomId: head.roomId,
    roomVersion: head.version,
    type: pdu.type,
    stateKey,
    sender: pdu.sender,
    senderNid,
    originServerTs: pdu.origin_server_ts,
    position: undefined,
    depth: base.depth + 1,
    status: eventStatus.accepted,
    stateBefore: base.stateRoot,
    stateAfter: change.root,
    redactedBy: undefined,
    transaction: draft.transaction,
    json: stringifyJson(pdu),
  }
  const after = headAfter(base, event, change, membershipChange)
  const unread = await deps.unread.plan(head, { event, pdu, membershipChange, redaction })
  return { event, pdu, head: after, chunks: change.chunks, membershipChange, redaction, unread }
}

function headAfter(
  base: HeadRow,
  event: StoredEvent,
  state: { root: number; nextChunk: number },
  change: MembershipChange | undefined,
): HeadRow {
  return {
    version: base.version,
    forwardExtremities: [{ eventNid: event.eventNid, eventId: event.eventId }],
    stateRoot: state.root,
    nextChunk: state.nextChunk,
    depth: event.depth,
    joinedMembers: base.joinedMembers + countChange(change, 'join'),
    invitedMembers: base.invitedMembers + countChange(change, 'invite'),
  }
}

function countChange(change: MembershipChange | undefined, membership: string): number {
  if (change === undefined) return 0
  return Number(change.after === membership) - Number(change.before === membership)
}

async function membershipChangeOf(
  deps: EventBuilding,
  head: RoomHead,
  { pdu }: RoomEvent,
  users: EntryUsers,
): Promise<MembershipChange | undefined> {
  const userId = pdu.state_key
  if (pdu.type !== 'm.room.member' || userId === undefined || !isUserId(userId)) return undefined
  const before = await currentState(deps, head, 'm.room.member', userId)
  return {
    userId,
    userNid: await users.numberOf(userId),
    isLocal: serverNameOf(userId) === deps.serverName,
    before: membershipOf(before?.pdu.content),
    after: membershipOf(pdu.content) ?? 'leave',
  }
}

function membershipOf(content: JsonObject | undefined): string | undefined {
  const membership = content?.['membership']
  return typeof membership === 'string' ? membership : undefined
}

/** Remembers a state event with the room's head once the event is part of `pending`. */
export function cacheBuiltState(head: RoomHead, built: BuiltEvent): void {
  const { event, pdu } = built
  if (event.stateKey !== undefined) head.cacheState(stateCacheKey(event.type, event.stateKey), { event, pdu })
}
