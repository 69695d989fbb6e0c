import type { EventId } from '../identifiers.ts'
import { batches, type EventReader } from './event-reader.ts'
import type { StateConflict } from './state-conflict.ts'
import type { UnconflictedAuthChain } from './unconflicted-auth-chain.ts'
import { unconflictedAmong } from './unconflicted-events.ts'

/**
 * The auth difference of the forks, without events that are conflicted or on which all forks agree: the former are in
 * the full conflicted set anyway, for the latter see below.
 *
 * An event counts as reached by a fork if it is in the fork's state or in the auth chain of an event there. The spec
 * counts auth chains alone, Synapse the states as well. The two differ only over events that all forks have in their
 * state and not all of them in their auth chains: by the spec they are of the difference and are applied once more. As
 * states of different servers must not differ, this does what servers do (Deviation).
 *
 * With U the events on which forks agree, K_i the conflicted ones of fork i and cl(X) the events of X with their auth
 * chains, fork i reaches cl(U) ∪ cl(K_i). What some forks reach and others do not is therefore
 * (∪ cl(K_i) − ∩ cl(K_i)) − cl(U). So walking down from the conflicted events is enough, and the walk turns round
 * wherever it meets cl(U), because what is below is in cl(U) as well. In a room whose forks are of late it meets it at
 * once: most auth events of new events are entries of the state.
 * @spec rooms/v12/#definitions
 */
export async function authDifference(
  conflict: StateConflict,
  reader: EventReader,
  agreed: UnconflictedAuthChain,
): Promise<Set<EventId>> {
  return await new DifferenceWalk(conflict, reader, agreed).run()
}

/** An event that the walk has met. */
interface Met {
  /** Of interest to the difference: known, not conflicted, not in cl(U). */
  readonly isCandidate: boolean
  /** Where the walk goes on; empty where it turns round. */
  readonly authEventIds: readonly EventId[]
  readonly authDepth: number | undefined
}

class DifferenceWalk {
  readonly #conflict: StateConflict
  readonly #reader: EventReader
  readonly #agreed: UnconflictedAuthChain
  readonly #conflicted = new Set<EventId>()
  /** The forks that reach an event, one bit each. They can only grow, so the walk ends on cycles too. */
  readonly #reachedBy = new Map<EventId, bigint>()
  readonly #met = new Map<EventId, Met>()
  /** Events whose auth events do not yet know all the forks that reach them. */
  readonly #pending = new Set<EventId>()
  #allForks = 0n

  constructor(conflict: StateConflict, reader: EventReader, agreed: UnconflictedAuthChain) {
    this.#conflict = conflict
    this.#reader = reader
    this.#agreed = agreed
    for (const { events } of conflict.conflicted) {
      for (const [fork, eventId] of events.entries()) {
        const bit = 1n << BigInt(fork)
        this.#allForks |= bit
        if (eventId === undefined) continue
        this.#conflicted.add(eventId)
        this.#reach(eventId, bit)
      }
    }
  }

  async run(): Promise<Set<EventId>> {
    await this.#meet([...this.#pending])
    for (let turn = [...this.#pending]; turn.length > 0; turn = this.#nextTurn()) {
      const unmet = new Set<EventId>()
      for (const eventId of turn) {
        this.#pending.delete(eventId)
        const forks = this.#reachedBy.get(eventId) ?? 0n
        for (const authEventId of this.#met.get(eventId)?.authEventIds ?? []) {
          this.#reach(authEventId, forks)
          if (!this.#met.has(authEventId)) unmet.add(authEventId)
        }
      }
      await this.#meet([...unmet])
    }
    return new Set(this.#candidates())
  }

  #reach(eventId: EventId, forks: bigint): void {
    const before = this.#reachedBy.get(eventId) ?? 0n
    const after = before | forks
    if (before === after) return
    this.#reachedBy.set(eventId, after)
    this.#pending.add(eventId)
  }

  async #meet(eventIds: readonly EventId[]): Promise<void> {
    this.#reader.visit(eventIds.length)
    for (const batch of batches(eventIds)) {
      const events = await this.#reader.load(batch)
      const others = batch.filter((eventId) => events.has(eventId) && !this.#conflicted.has(eventId))
      const entries = await unconflictedAmong(others, events, this.#conflict)
      const below = await this.#agreed.among(others.filter((eventId) => !entries.has(eventId)))
      const candidates = new Set(others).difference(entries).difference(below)
      for (const eventId of batch) {
        const event = events.get(eventId)
        const isCandidate = candidates.has(eventId)
        const goesOn = event !== undefined && (isCandidate || this.#conflicted.has(eventId))
        const authEventIds = goesOn ? this.#reader.authEventIds(event) : []
        this.#met.set(eventId, { isCandidate, authEventIds, authDepth: event?.authDepth })
        if (authEventIds.length === 0) this.#pending.delete(eventId)
      }
    }
  }

  /**
   * The deepest of what is pending. In this order no event is left before it is known which forks reach it, so the
   * walk does not run ahead of itself down to the beginning of the room. Without depths it does, and comes again.
   */
  #nextTurn(): EventId[] {
    const pending = [...this.#pending].filter((eventId) => this.#met.get(eventId)?.authEventIds.length !== 0)
    const areCommon = pending.every((eventId) => this.#reachedBy.get(eventId) === this.#allForks)
    // What all forks reach matters only to events below it that are still taken for part of the difference.
    const lowest = areCommon ? this.#lowestCandidate() : -Infinity
    const relevant = pending.filter((eventId) => this.#depthOf(eventId, Infinity) > lowest)
    const deepest = relevant.reduce((depth, eventId) => Math.max(depth, this.#depthOf(eventId, Infinity)), -Infinity)
    return relevant.filter((eventId) => this.#depthOf(eventId, Infinity) === deepest)
  }

  #lowestCandidate(): number {
    let lowest = Infinity
    for (const eventId of this.#candidates()) lowest = Math.min(lowest, this.#depthOf(eventId, -Infinity))
    return lowest
  }

  #depthOf(eventId: EventId, unknown: number): number {
    return this.#met.get(eventId)?.authDepth ?? unknown
  }

  *#candidates(): Generator<EventId, void, void> {
    for (const [eventId, { isCandidate }] of this.#met) {
      if (isCandidate && this.#reachedBy.get(eventId) !== this.#allForks) yield eventId
    }
  }
}
