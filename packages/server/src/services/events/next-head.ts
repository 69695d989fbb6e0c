import { isUserId, type RoomVersion, type ServerName, serverNameOf, type UserId } from '@magik/protocol'
import type { StateResetRow } from '../../storage/room-graph-store.ts'
import type { ForwardExtremity, HeadRow } from '../../storage/room-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { StagedChunks } from '../state/staged-chunks.ts'
import type { TreeCache } from '../state/tree-cache.ts'
import { EMPTY_TREE } from '../state/tree-node.ts'
import { type EventUnderCheck, type StateReading, stateAt } from './auth-state.ts'
import type { MembershipChange } from './built-event.ts'
import type { EntryUsers } from './entry-users.ts'
import type { ForkResolver } from './fork-resolver.ts'
import { toMembership } from './room-view.ts'

/** What moving a room's head takes. */
export interface HeadMoving extends StateReading {
  readonly treeCache: TreeCache
  readonly forkResolver: ForkResolver
  readonly serverName: ServerName
}

/** Where an accepted event stands in its room's graph. */
export interface EventPlace {
  readonly version: RoomVersion
  /** The head that the event finds. */
  readonly base: HeadRow
  /** With its states before and after, and visible to the write path. */
  readonly event: StoredEvent
  readonly content: EventUnderCheck
  /** Numbers of the forward extremities that the event builds on, directly or by way of events that were refused. */
  readonly covered: ReadonlySet<number>
  /** Whether other events build on this one already. */
  readonly hasSuccessors: boolean
}

/** A room's head after an event, and what its current state became. */
export interface MovedHead {
  readonly head: HeadRow
  /** Whether the event alone is what changed the current state, if anything did. */
  readonly isLinear: boolean
  readonly membershipChanges: readonly MembershipChange[]
  readonly stateResets: readonly StateResetRow[]
}

/**
 * Adds an accepted event to its room's forward extremities. The current state is the state after it or, where it does
 * not build on all of them, what all of them resolve to.
 * @spec server-server-api/#room-state-resolution
 */
export async function moveHead(
  deps: HeadMoving,
  place: EventPlace,
  users: EntryUsers,
  staged: StagedChunks,
): Promise<MovedHead> {
  const { base, event } = place
  const { eventNid, eventId, roomNid } = event
  const others = base.forwardExtremities.filter((extremity) => !place.covered.has(extremity.eventNid))
  // One that others build on already is none; unless all that was in force until now turns out to come before it.
  const own = place.hasSuccessors && others.length > 0 ? [] : [{ eventNid, eventId }]
  const forwardExtremities = [...others, ...own]
  const current = await currentStateOf(deps, place, forwardExtremities, staged)
  const isLinear = base.stateRoot === event.stateBefore && current.root === event.stateAfter
  const membershipChanges = isLinear
    ? await ownMembershipChange(deps, place, users)
    : await membershipChangesBetween(deps, roomNid, { before: base.stateRoot, after: current.root }, (userId) =>
        users.numberOf(userId),
      )
  const head = {
    version: base.version,
    forwardExtremities,
    stateRoot: current.root,
    nextChunk: staged.nextChunk,
    depth: Math.max(base.depth, event.depth),
    joinedMembers: base.joinedMembers + countChanges(membershipChanges, 'join'),
    invitedMembers: base.invitedMembers + countChanges(membershipChanges, 'invite'),
  }
  return { head, isLinear, membershipChanges, stateResets: current.resets }
}

async function currentStateOf(
  deps: HeadMoving,
  { event, version, base }: EventPlace,
  extremities: readonly ForwardExtremity[],
  staged: StagedChunks,
): Promise<{ readonly root: number; readonly resets: readonly StateResetRow[] }> {
  const { roomNid, roomId } = event
  // An event that changes nothing of the extremities changes nothing of what they resolve to.
  if (
    extremities.length === base.forwardExtremities.length &&
    !extremities.some(({ eventNid }) => eventNid === event.eventNid)
  ) {
    return { root: base.stateRoot, resets: [] }
  }
  const room = { roomNid, roomId, version }
  const forks = await rootsAfter(deps, extremities)
  return deps.forkResolver.resolveCurrent(room, { forks, before: base.stateRoot }, staged)
}

/** Roots of the states after some forward extremities. */
export async function rootsAfter(
  { events }: StateReading,
  extremities: readonly ForwardExtremity[],
): Promise<number[]> {
  const roots: number[] = []
  for (const { eventNid } of extremities) roots.push((await events.get(eventNid)).stateAfter ?? EMPTY_TREE)
  return roots
}

async function ownMembershipChange(
  deps: HeadMoving,
  { event: { roomNid, eventNid }, base, content }: EventPlace,
  users: EntryUsers,
): Promise<MembershipChange[]> {
  const { type, state_key: userId } = content
  if (type !== 'm.room.member' || userId === undefined || !isUserId(userId)) return []
  const before = await stateAt(deps, roomNid, base.stateRoot, 'm.room.member', userId)
  return [
    {
      userId,
      userNid: await users.numberOf(userId),
      isLocal: serverNameOf(userId) === deps.serverName,
      before: toMembership(before?.pdu.content['membership']),
      after: toMembership(content.content['membership']) ?? 'leave',
      eventNid,
    },
  ]
}

/** How the memberships of two of a room's states differ. */
export async function membershipChangesBetween(
  deps: StateReading & { readonly serverName: ServerName },
  roomNid: number,
  { before, after }: { readonly before: number; readonly after: number },
  numberOf: (userId: UserId) => Promise<number>,
): Promise<MembershipChange[]> {
  const changes: MembershipChange[] = []
  for await (const batch of deps.tree.diffBatches(roomNid, before, after, { types: ['m.room.member'] })) {
    for (const difference of batch) {
      const userId = difference.stateKey
      const eventNid = difference.after ?? difference.before
      if (!isUserId(userId) || eventNid === undefined) continue
      changes.push({
        userId,
        userNid: await numberOf(userId),
        isLocal: serverNameOf(userId) === deps.serverName,
        before: await membershipBy(deps, difference.before),
        after: (await membershipBy(deps, difference.after)) ?? 'leave',
        eventNid,
      })
    }
  }
  return changes
}

async function membershipBy({ events }: StateReading, eventNid: number | undefined): Promise<string | undefined> {
  if (eventNid === undefined) return undefined
  return toMembership(events.pdu(await events.get(eventNid)).content['membership'])
}

function countChanges(changes: readonly MembershipChange[], membership: string): number {
  let count = 0
  for (const { before, after } of changes) count += Number(after === membership) - Number(before === membership)
  return count
}
