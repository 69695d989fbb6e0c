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
  type Pdu,
  type PduDraft,
  type RoomEvent,
  type RoomVersion,
  referenceTo,
  requiredSigners,
  respellNumbers,
  type SigningKey,
  signEvent,
  stringifyJson,
} from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { BackwardExtremity } from '../../storage/room-graph-store.ts'
import type { ForwardExtremity } from '../../storage/room-store.ts'
import { eventStatus, type StoredEvent } from '../../storage/stored-event.ts'
import { StagedChunks } from '../state/staged-chunks.ts'
import { loadAuthState, loadAuthStateAt, type StateReading } from './auth-state.ts'
import type { BuiltEvent } from './built-event.ts'
import type { EntryUsers } from './entry-users.ts'
import type { EventDraft } from './event-draft.ts'
import { type HeadMoving, moveHead, rootsAfter } from './next-head.ts'
import type { Numbers } from './numbers.ts'
import { planRedaction } from './plan-redaction.ts'
import { type RoomHead, stateCacheKey } from './room-heads.ts'
import type { UnreadAccounting } from './unread-accounting.ts'

/** What building an event takes. */
export interface EventBuilding extends HeadMoving {
  readonly clock: Clock
  readonly numbers: Numbers
  readonly signingKey: SigningKey
  readonly randomBytes: (count: number) => Uint8Array
  readonly unread: UnreadAccounting
}

/** Bytes of randomness in the ID of an event whose server names it. */
const EVENT_ID_RANDOM_BYTES = 18

/** Most `prev_events` of an event made here. */
export const MAX_PREV_EVENTS = 10

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
  const staged = new StagedChunks(deps.treeCache, head.roomNid, head.pending.nextChunk)
  try {
    return await buildStaged(deps, head, draft, users, staged)
  } catch (error) {
    staged.discard()
    throw error
  }
}

async function buildStaged(
  deps: EventBuilding,
  head: RoomHead,
  draft: EventDraft,
  users: EntryUsers,
  staged: StagedChunks,
): Promise<BuiltEvent> {
  const parents = await parentsOfNext(deps, head, staged)
  const underCheck = {
    type: draft.type,
    sender: draft.sender,
    content: draft.content,
    ...(draft.stateKey !== undefined && { state_key: draft.stateKey }),
  }
  const auth =
    parents.stateBefore === head.pending.stateRoot
      ? await loadAuthState(deps, head, underCheck)
      : await loadAuthStateAt(deps, head, parents.stateBefore, underCheck)
  const signed = signDraft(deps, head.version, {
    ...draftFields(draft, head, deps.clock.now()),
    auth_events: auth.authEvents,
    prev_events: await prevEvents(deps, parents.extremities, head.version),
    depth: head.pending.depth + 1,
  })
  const lookups = [auth.lookup]
  // Where it does not build on the whole room, what it does not build on has its say as well.
  if (parents.stateBefore !== head.pending.stateRoot) lookups.push((await loadAuthState(deps, head, underCheck)).lookup)
  for (const lookup of lookups) {
    const verdict = checkAuthRules(signed, lookup, head.version)
    if (!verdict.allowed) throw new MatrixError('M_FORBIDDEN', verdict.reason)
  }
  refuseForeignSigners(deps, signed, head.version)
  if (draft.type === 'm.room.power_levels' && !holdsIntegerLevelsOnly(draft.content)) {
    // Room versions before 10 take other values from servers that send them; ours is not to be one of these.
    throw new MatrixError('M_FORBIDDEN', 'Power levels must be integers')
  }
  const { stateBefore } = parents
  const covered = new Set(parents.extremities.map(({ eventNid }) => eventNid))
  return completeEvent(deps, head, { ...newEvent(head, draft, signed), stateBefore, covered }, users, staged)
}

/** The first event of a room. */
export async function buildCreateEvent(
  deps: EventBuilding,
  head: RoomHead,
  draft: EventDraft,
  signed: RoomEvent,
  users: EntryUsers,
): Promise<BuiltEvent> {
  const staged = new StagedChunks(deps.treeCache, head.roomNid, head.pending.nextChunk)
  return completeEvent(deps, head, newEvent(head, draft, signed), users, staged)
}

/** An event made here on top of the whole room, as far as that goes without saying. */
function newEvent(head: RoomHead, draft: EventDraft, signed: RoomEvent): AllowedEvent {
  const { stateRoot, depth } = head.pending
  return {
    signed,
    transaction: draft.transaction,
    stateBefore: stateRoot,
    covered: new Set(),
    depth: depth + 1,
    outlierNid: undefined,
    redactedBy: undefined,
    wasMissing: false,
    missing: [],
  }
}

/** What the room's next event builds on, and the state that it finds there. */
async function parentsOfNext(
  deps: EventBuilding,
  head: RoomHead,
  staged: StagedChunks,
): Promise<{ readonly stateBefore: number; readonly extremities: readonly ForwardExtremity[] }> {
  const { forwardExtremities, stateRoot } = head.pending
  if (forwardExtremities.length <= MAX_PREV_EVENTS) return { extremities: forwardExtremities, stateBefore: stateRoot }
  // The oldest, so that each gets its turn, whatever else keeps coming.
  const extremities = forwardExtremities.slice(0, MAX_PREV_EVENTS)
  const roots = await rootsAfter(deps, extremities)
  return { extremities, stateBefore: await deps.forkResolver.resolve(head, roots, staged) }
}

/** Forward extremities as the room version has them named. */
function prevEvents(
  { events }: EventBuilding,
  extremities: readonly ForwardExtremity[],
  version: RoomVersion,
): Promise<EventReference[]> {
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
  const vouchers = requiredSigners(pdu, version).filter(({ role }) => role === 'restricted-join')
  if (vouchers.every((signer) => signer.serverName === serverName)) return
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

/** An event that the rules allow, and where it stands in its room's graph. */
export interface AllowedEvent {
  readonly signed: RoomEvent
  readonly transaction: EventDraft['transaction']
  readonly stateBefore: number
  /** See `EventPlace`. */
  readonly covered: ReadonlySet<number>
  readonly depth: number
  /** The number it has as an outlier. */
  readonly outlierNid: number | undefined
  /** The redaction that has come before it. */
  readonly redactedBy: number | undefined
  readonly wasMissing: boolean
  readonly missing: readonly BackwardExtremity[]
}

/** Adds to an allowed event what its commit has to write: the state after it and the projections it changes. */
export async function completeEvent(
  deps: EventBuilding,
  head: RoomHead,
  allowed: AllowedEvent,
  users: EntryUsers,
  staged: StagedChunks,
): Promise<BuiltEvent> {
  const { roomNid, version } = head
  const { stateBefore, depth } = allowed
  const { pdu } = allowed.signed
  const eventNid = allowed.outlierNid ?? (await deps.numbers.next('event'))
  const after = await stateAfter(deps, { roomNid, stateBefore, eventNid, pdu }, staged)
  const event: StoredEvent = {
    ...(await identityOf(head, allowed.signed, users)),
    eventNid,
    position: undefined,
    depth,
    status: eventStatus.accepted,
    stateBefore,
    stateAfter: after,
    redactedBy: allowed.redactedBy,
    transaction: allowed.transaction,
  }
  const { covered, wasMissing: hasSuccessors } = allowed
  // Resolving forks looks at the event like at any other.
  deps.events.pin(event, pdu)
  try {
    const place = { version, base: head.pending, event, content: pdu, covered, hasSuccessors }
    const { head: after, isLinear, membershipChanges, stateResets } = await moveHead(deps, place, users, staged)
    const redaction = await planRedaction(deps, { pdu, version, roomNid, stateBefore })
    return {
      event,
      pdu,
      head: after,
      currentRoot: after.stateRoot,
      chunks: staged.chunks,
      isLinear,
      membershipChanges,
      redaction,
      // One whose redaction came first is no more to its readers than what that has left of it.
      unread: await deps.unread.plan(head, { event, pdu: deps.events.pdu(event), membershipChanges, redaction }),
      wasOutlier: allowed.outlierNid !== undefined,
      graph: { wasMissing: allowed.wasMissing, missing: allowed.missing, stateResets },
    }
  } catch (error) {
    deps.events.unpin(event)
    throw error
  }
}

/** Root of the state after an event. */
export async function stateAfter(
  deps: StateReading,
  place: {
    readonly roomNid: number
    readonly stateBefore: number
    readonly eventNid: number
    readonly pdu: Pick<Pdu, 'type' | 'state_key'>
  },
  staged: StagedChunks,
): Promise<number> {
  const { roomNid, stateBefore, eventNid, pdu } = place
  const { type, state_key: stateKey } = pdu
  if (stateKey === undefined) return stateBefore
  const change = { type, stateKey, event: eventNid }
  return staged.add(await deps.tree.update(roomNid, stateBefore, [change], staged.nextChunk))
}

/** What of a stored event does not depend on its place in the graph. */
export async function identityOf({ roomNid, roomId, version }: RoomHead, event: RoomEvent, users: EntryUsers) {
  const { eventId, pdu } = event
  return {
    eventId,
    roomNid,
    roomId,
    roomVersion: version,
    type: pdu.type,
    stateKey: pdu.state_key,
    sender: pdu.sender,
    senderNid: await users.numberOf(pdu.sender),
    originServerTs: pdu.origin_server_ts,
    json: stringifyJson(pdu),
  }
}

/** Brings up to date what the room's head remembers once an accepted event is part of `pending`. */
export function noteBuilt(head: RoomHead, built: BuiltEvent): void {
  const { event, pdu, graph, redaction } = built
  if (graph.wasMissing) head.expected?.missing?.delete(event.eventId)
  for (const { eventId } of graph.missing) head.expected?.missing?.add(eventId)
  if (redaction !== undefined) head.expected?.redacted?.add(redaction.eventId)
  if (!built.isLinear) head.forgetState()
  else if (event.stateKey !== undefined) head.cacheState(stateCacheKey(event.type, event.stateKey), { event, pdu })
}
