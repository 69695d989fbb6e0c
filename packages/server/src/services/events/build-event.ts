import {
  assignEventId,
  CanonicalJsonError,
  checkAuthRules,
  checkEventSize,
  type EventReference,
  encodeBase64Url,
  holdsIntegerLevelsOnly,
  type JsonObject,
  MatrixError,
  type PduDraft,
  type RoomEvent,
  type RoomVersion,
  redactedEventId,
  referenceTo,
  requiredSigners,
  respellNumbers,
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

/** What building an event takes. */
export interface EventBuilding extends StateReading {
  readonly clock: Clock
  readonly numbers: Numbers
  readonly serverName: ServerName
  readonly signingKey: SigningKey
  readonly randomBytes: (count: number) => Uint8Array
}

/** Bytes of randomness in the ID of an event whose server names it. */
const EVENT_ID_RANDOM_BYTES = 18

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
  const signed = signDraft(deps, head.version, {
    ...draftFields(draft, head, deps.clock.now()),
    auth_events: auth.authEvents,
    prev_events: await prevEvents(deps, head),
    depth: head.pending.depth + 1,
  })
  const verdict = checkAuthRules(signed, auth.lookup, head.version)
  if (!verdict.allowed) throw new MatrixError('M_FORBIDDEN', verdict.reason)
  refuseForeignSigners(deps, signed, head.version)
  if (draft.type === 'm.room.power_levels' && !holdsIntegerLevelsOnly(draft.content)) {
    // Room versions before 10 take other values from servers that send them; ours is not to be one of these.
    throw new MatrixError('M_FORBIDDEN', 'Power levels must be integers')
  }
  return completeEvent(deps, head, draft, signed, users)
}

/** The room's forward extremities as the room version has them named. */
function prevEvents({ events }: EventBuilding, { pending, version }: RoomHead): Promise<EventReference[]> {
  const extremities = pending.forwardExtremities.slice(0, MAX_PREV_EVENTS)
  return Promise.all(
    extremities.map(async ({ eventNid, eventId }) => {
      // Only a reference that carries a hash needs the event itself.
      if (version.eventReferences === 'ids') return eventId
      return referenceTo({ eventId, pdu: events.pdu(await events.get(eventNid)) }, version)
    }),
  )
}

/**
 * Rule 5.2.1: a membership that names a user of another server as voucher needs that server's signature.
 * @throws MatrixError M_FORBIDDEN
 */
function refuseForeignSigners({ serverName }: EventBuilding, { pdu }: RoomEvent, version: RoomVersion): void {
  if (requiredSigners(pdu, version).every((signer) => signer.serverName === serverName)) return
  throw new MatrixError('M_FORBIDDEN', 'The event needs the signature of another server')
}

/** Gives a draft its ID where its server has to, hashes and signs it, and refuses what no room could hold. */
export function signDraft(
  deps: Pick<EventBuilding, 'serverName' | 'signingKey' | 'randomBytes'>,
  version: RoomVersion,
  draft: PduDraft,
): RoomEvent {
  const { serverName, signingKey, randomBytes } = deps
  const localpart = () => encodeBase64Url(randomBytes(EVENT_ID_RANDOM_BYTES))
  try {
    const content = version.canonicalJson === 'lossless' ? respellNumbers(draft.content) : draft.content
    const named = assignEventId({ ...draft, content }, serverName, localpart, version)
    const signed = signEvent(named, serverName, signingKey, version)
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
  return { event, pdu, head: after, chunks: change.chunks, membershipChange, redaction }
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
