import type { EventId } from '@magik/protocol'
import type { AuthEdgeStore } from '../../../storage/auth-edge-store.ts'
import type { StateTree } from '../state-tree.ts'
import { StateTreeError } from '../state-tree-error.ts'
import type { NodeRef } from '../tree-node.ts'
import type { AuthRoom } from './auth-references.ts'
import { AuthChainLimitError, type AuthChainReading, uncoveredEvents } from './uncovered-events.ts'

/** Entries of states looked at, at most, to find those that are not covered. */
const MAX_ENTRIES = 10_000
/** Events without cover, at most, whose edges are made up on the way. */
const MAX_UNCOVERED = 2_000

/** What the index stands on. */
export interface AuthIndexDeps extends AuthChainReading {
  readonly authEdgeStore: AuthEdgeStore
  readonly tree: StateTree
}

/**
 * Looks along auth chains upwards, for the resolution of some states of a room: it knows every event of those states
 * and of their auth chains, stored or not, covered or not. What it does not know of are events that are of none of
 * them, such as rejected ones: no path that matters to a resolution leads through those.
 *
 * A resolution does not ask for the auth difference by chains (`AuthChains.difference`): of the conflicted events alone
 * it would hold whole auth chains of which all but a few events are below what the forks agree on, and of whole states
 * it would cost a chain for each member. With the depths and edges given here the walk from the conflicted events turns
 * round at once.
 */
export interface AuthIndex {
  /** See `ResolutionEvents.citing`. */
  citing(eventIds: readonly EventId[], limit: number): Promise<ReadonlyMap<EventId, readonly EventId[]>>
  /** See `ResolutionEvent.authDepth`, by event number. */
  depthsOf(eventNids: readonly number[]): Promise<ReadonlyMap<number, number>>
}

/** Makes an index for each resolution: what the follower has not got to yet is added to what it has stored. */
export class AuthIndexes {
  readonly #deps: AuthIndexDeps

  constructor(deps: AuthIndexDeps) {
    this.#deps = deps
  }

  /**
   * The index for some states of a room.
   * @returns undefined if too much of them is not covered yet: then looking upwards would not be exact.
   */
  async forStates(room: AuthRoom, roots: readonly NodeRef[]): Promise<AuthIndex | undefined> {
    try {
      const entries = await this.#entriesBeyondCover(room, roots)
      if (entries === undefined) return undefined
      const { uncovered, covered } = await uncoveredEvents(this.#deps, room, entries, MAX_UNCOVERED)
      const depths = new Map<number, number>()
      const citing = new Map<number, EventId[]>()
      for (const { eventNid, eventId, isState, named, authNids } of uncovered) {
        const below = authNids.map((authNid) => depths.get(authNid) ?? covered.get(authNid)?.depth ?? 0)
        depths.set(eventNid, Math.max(0, ...below) + 1)
        for (const citedNid of isState ? named : []) citing.set(citedNid, [eventId, ...(citing.get(citedNid) ?? [])])
      }
      return new OverlaidIndex(this.#deps, room.roomNid, citing, depths)
    } catch (error) {
      if (error instanceof AuthChainLimitError || error instanceof StateTreeError) return undefined
      throw error
    }
  }

  /** Numbers of the entries in which the states differ from the one that is covered. */
  async #entriesBeyondCover({ roomNid }: AuthRoom, roots: readonly NodeRef[]): Promise<Set<number> | undefined> {
    const { authChainStore, tree } = this.#deps
    const { root: covered } = await authChainStore.coverOf(roomNid)
    const entries = new Set<number>()
    for (const root of new Set(roots)) {
      for await (const batch of tree.diffBatches(roomNid, covered, root)) {
        for (const { after } of batch) if (after !== undefined) entries.add(after)
        if (entries.size > MAX_ENTRIES) return undefined
      }
    }
    return entries
  }
}

/** The stored edges and depths, and above them those of events without cover. */
class OverlaidIndex implements AuthIndex {
  readonly #deps: AuthIndexDeps
  readonly #roomNid: number
  readonly #citing: ReadonlyMap<number, readonly EventId[]>
  readonly #depths: ReadonlyMap<number, number>

  constructor(
    deps: AuthIndexDeps,
    roomNid: number,
    citing: ReadonlyMap<number, readonly EventId[]>,
    depths: ReadonlyMap<number, number>,
  ) {
    this.#deps = deps
    this.#roomNid = roomNid
    this.#citing = citing
    this.#depths = depths
  }

  async citing(eventIds: readonly EventId[], limit: number): Promise<Map<EventId, EventId[]>> {
    const { events, authEdgeStore } = this.#deps
    const known = await events.findManyForWriting(eventIds)
    const nids = [...known.values()].map(({ eventNid }) => eventNid)
    const stored = await authEdgeStore.citing(this.#roomNid, nids, limit)
    const found = new Map<EventId, EventId[]>()
    for (const [eventId, { eventNid }] of known) {
      // The follower may have stored an edge since the others were made up.
      const all = new Set([...(this.#citing.get(eventNid) ?? []), ...(stored.get(eventNid) ?? [])])
      found.set(eventId, [...all].slice(0, limit))
    }
    return found
  }

  async depthsOf(eventNids: readonly number[]): Promise<Map<number, number>> {
    const stored = eventNids.filter((eventNid) => !this.#depths.has(eventNid))
    const found = new Map<number, number>()
    for (const [eventNid, { depth }] of await this.#deps.authChainStore.ofEvents(stored)) found.set(eventNid, depth)
    for (const eventNid of eventNids) {
      const depth = this.#depths.get(eventNid)
      if (depth !== undefined) found.set(eventNid, depth)
    }
    return found
  }
}
