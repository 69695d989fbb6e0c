import {
  type ConflictedKey,
  type EventId,
  findStateResets,
  type ResolutionEvent,
  type ResolutionEvents,
  type ResolvedEntry,
  resolveState,
  type RoomId,
  type RoomVersion,
  type StateConflict,
  type StateKey,
} from '@magik/protocol'
import type { StateResetRow } from '../../storage/room-graph-store.ts'
import { eventStatus, type StoredEvent } from '../../storage/stored-event.ts'
import type { AuthIndex, AuthIndexes } from '../state/auth-chains/auth-index.ts'
import type { StagedChunks } from '../state/staged-chunks.ts'
import type { StateDifference } from '../state/tree-diff.ts'
import { EMPTY_TREE } from '../state/tree-node.ts'
import type { StateReading } from './auth-state.ts'

/** The room whose states are resolved. */
export interface ForkedRoom {
  readonly roomNid: number
  readonly roomId: RoomId
  readonly version: RoomVersion
}

/** Entries of a state that is read as a whole rather than asked about. */
const SMALL_STATE = 64

/** A key on which the states of forks differ, with the number of each fork's event. */
interface Conflict {
  readonly type: string
  readonly stateKey: string
  readonly eventNids: (number | undefined)[]
}

/** A conflict and what it came to. */
interface Resolution {
  readonly conflict: StateConflict
  readonly entries: readonly ResolvedEntry[]
}

/** What resolving forks takes. */
export interface ForkResolving extends StateReading {
  /** Where left out, auth chains are walked down. */
  readonly authIndexes?: Pick<AuthIndexes, 'forStates'>
}

/**
 * Resolves the states of a room's forks. What the forks agree on is neither read nor copied: the conflict is the
 * difference of their trees, and the resolved state is a change of one of them.
 * @spec server-server-api/#room-state-resolution
 */
export class ForkResolver {
  readonly #reading: ForkResolving

  constructor(deps: ForkResolving) {
    this.#reading = deps
  }

  /**
   * The state that some states of a room resolve to.
   * @returns its root; new chunks are staged.
   * @throws ResolutionLimitError if their auth chains are too long to be walked.
   */
  async resolve(room: ForkedRoom, roots: readonly number[], staged: StagedChunks): Promise<number> {
    return (await this.#resolved(room, roots, staged)).root
  }

  /**
   * The current state of a room whose forward extremities have some states after them.
   * @param before root of the current state until now.
   * @returns its root, and what of the current state the resolution took away or set back although no event says so.
   * @throws ResolutionLimitError as `resolve` does.
   */
  async resolveCurrent(
    room: ForkedRoom,
    { forks, before }: { readonly forks: readonly number[]; readonly before: number },
    staged: StagedChunks,
  ): Promise<{ readonly root: number; readonly resets: readonly StateResetRow[] }> {
    const { root, by } = await this.#resolved(room, forks, staged)
    if (by === undefined) return { root, resets: [] }
    const { tree } = this.#reading
    const resets: StateResetRow[] = []
    const found = await findStateResets(room.roomId, by.conflict, by.entries, this.#events(undefined), room.version)
    for (const { key, resolved, lost, atFault } of found) {
      const [type, stateKey] = key
      const wasInForce = await tree.get(room.roomNid, before, type, stateKey)
      // One that an earlier resolution has brought about is not news.
      if (wasInForce === (await tree.get(room.roomNid, root, type, stateKey))) continue
      resets.push({ type, stateKey, resolved, lost, atFault })
    }
    return { root, resets }
  }

  /** What some states resolve to, and by what; by nothing where they do not conflict. */
  async #resolved(
    room: ForkedRoom,
    roots: readonly number[],
    staged: StagedChunks,
  ): Promise<{ readonly root: number; readonly by?: Resolution }> {
    const [first, ...others] = new Set(roots)
    if (first === undefined || others.length === 0) return { root: first ?? EMPTY_TREE }
    const conflicts = await this.#conflicts(room, first, others)
    if (conflicts.length === 0) return { root: first }
    const by = await this.#resolve(room, [first, ...others], conflicts)
    const changes = await this.#changes(by.entries)
    return { root: staged.add(await this.#reading.tree.update(room.roomNid, first, changes, staged.nextChunk)), by }
  }

  async #conflicts({ roomNid }: ForkedRoom, first: number, others: readonly number[]): Promise<Conflict[]> {
    const conflicts = new Map<string, Conflict>()
    for (const [index, other] of others.entries()) {
      for await (const batch of this.#reading.tree.diffBatches(roomNid, first, other)) {
        for (const difference of batch) note(conflicts, difference, index + 1, others.length + 1)
      }
    }
    return [...conflicts.values()]
  }

  async #resolve(
    room: ForkedRoom,
    roots: readonly [first: number, ...others: number[]],
    conflicts: readonly Conflict[],
  ): Promise<Resolution> {
    const { events } = this.#reading
    const stored = await events.getMany(new Set(conflicts.flatMap(({ eventNids }) => eventNids.filter(isDefined))))
    const idOf = (eventNid: number | undefined) => (eventNid === undefined ? undefined : stored.get(eventNid)?.eventId)
    const conflicted = conflicts.map(({ type, stateKey, eventNids }): ConflictedKey => {
      return { key: [type, stateKey], events: eventNids.map(idOf) }
    })
    const { version } = room
    // The first algorithm does not look at auth chains.
    const index = version.stateResolution === 'v1' ? undefined : await this.#index(room, roots)
    const conflict = this.#conflict(room, roots[0], conflicted)
    return { conflict, entries: await resolveState(room.roomId, conflict, this.#events(index), version) }
  }

  /** The index of auth chains; none where all that is agreed upon is walked sooner than the index is asked. */
  async #index(room: ForkedRoom, roots: readonly [first: number, ...others: number[]]) {
    const { tree, authIndexes } = this.#reading
    if ((await tree.count(room.roomNid, roots[0])) <= SMALL_STATE) return undefined
    return authIndexes?.forStates(room, roots)
  }

  #conflict({ roomNid }: ForkedRoom, root: number, conflicted: readonly ConflictedKey[]): StateConflict {
    const { tree, events } = this.#reading
    const keys = new Set(conflicted.map(({ key }) => keyText(...key)))
    const idsOf = async (eventNids: readonly (number | undefined)[]) => {
      const found = await events.getMany(eventNids.filter(isDefined))
      return eventNids.map((eventNid) => (eventNid === undefined ? undefined : found.get(eventNid)?.eventId))
    }
    return {
      conflicted,
      async unconflicted(asked: readonly StateKey[]) {
        const agreed = asked.map(([type, stateKey]) => ({
          type,
          stateKey,
          isAgreed: !keys.has(keyText(type, stateKey)),
        }))
        const eventNids = await tree.getMany(roomNid, root, agreed)
        return idsOf(eventNids.map((eventNid, index) => (agreed[index]?.isAgreed === true ? eventNid : undefined)))
      },
      async *unconflictedEvents() {
        for await (const batch of tree.entryBatches(roomNid, root)) {
          const agreed = batch.filter(({ type, stateKey }) => !keys.has(keyText(type, stateKey)))
          yield (await idsOf(agreed.map(({ event }) => event))).filter(isDefined)
        }
      },
    }
  }

  /** @param index left out where it is not exact: then auth chains are walked down. */
  #events(index: AuthIndex | undefined): ResolutionEvents {
    const { events } = this.#reading
    const load = async (eventIds: readonly EventId[]) => {
      const stored = await events.findManyForWriting(eventIds)
      const depths = await index?.depthsOf([...stored.values()].map(({ eventNid }) => eventNid))
      const found = new Map<EventId, ResolutionEvent>()
      for (const [eventId, event] of stored) {
        const { roomId, eventNid } = event
        const authDepth = depths?.get(eventNid)
        found.set(eventId, { eventId, roomId, pdu: events.pdu(event), rejectedBy: rejectedBy(event), authDepth })
      }
      return found
    }
    return index === undefined ? { load } : { load, citing: (eventIds, limit) => index.citing(eventIds, limit) }
  }

  async #changes(entries: readonly ResolvedEntry[]) {
    const eventIds = entries.map(({ eventId }) => eventId).filter(isDefined)
    const found = await this.#reading.events.findManyForWriting(eventIds)
    return entries.map(({ key: [type, stateKey], eventId }) => {
      const event = eventId === undefined ? undefined : found.get(eventId)?.eventNid
      if (eventId !== undefined && event === undefined) throw new Error(`event ${eventId} has vanished`)
      return { type, stateKey, event }
    })
  }
}

function note(
  conflicts: Map<string, Conflict>,
  { type, stateKey, before, after }: StateDifference,
  fork: number,
  forks: number,
): void {
  const key = keyText(type, stateKey)
  let conflict = conflicts.get(key)
  if (conflict === undefined) {
    // Forks in whose difference a key does not show up agree with the first.
    conflict = { type, stateKey, eventNids: new Array<number | undefined>(forks).fill(before) }
    conflicts.set(key, conflict)
  }
  conflict.eventNids[fork] = after
}

function keyText(type: string, stateKey: string): string {
  return JSON.stringify([type, stateKey])
}

function rejectedBy({ status }: StoredEvent): ResolutionEvent['rejectedBy'] {
  if (status === eventStatus.rejected) return 'auth-events'
  return status === eventStatus.rejectedByState ? 'state' : undefined
}

function isDefined<T>(value: T | undefined): value is T {
  return value !== undefined
}
