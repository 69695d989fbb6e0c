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
  const walk = new DifferenceWalk(conflict, reader, agreed)
  await walk.run()
  return walk.difference()
}

class DifferenceWalk {
  readonly #conflict: StateConflict
  readonly #reader: EventReader
  readonly #agreed: UnconflictedAuthChain
  /** The forks that reach an event, one bit each. They can only grow, so the walk ends on cycles too. */
  readonly #reachedBy = new Map<EventId, bigint>()
  readonly #conflicted = new Set<EventId>()
  /** Auth events of each event the walk went on from; empty where it turned round. */
  readonly #authEvents = new Map<EventId, readonly EventId[]>()
  readonly #common = new Set<EventId>()
  readonly #pending = new Set<EventId>()
  #forks = 0n

  constructor(conflict: StateConflict, reader: EventReader, agreed: UnconflictedAuthChain) {
    this.#conflict = conflict
    this.#reader = reader
    this.#agreed = agreed
    for (const { events } of conflict.conflicted) {
      for (const [fork, eventId] of events.entries()) {
        const bit = 1n << BigInt(fork)
        this.#forks |= bit
        if (eventId === undefined) continue
        this.#conflicted.add(eventId)
        this.#reach(eventId, bit)
      }
    }
  }

  async run(): Promise<void> {
    while (this.#pending.size > 0) {
      const pending = [...this.#pending]
      this.#pending.clear()
      const unseen = pending.filter((eventId) => !this.#authEvents.has(eventId))
      this.#reader.visit(unseen.length)
      for (const batch of batches(unseen)) await this.#open(batch)
      for (const eventId of pending) {
        const forks = this.#reachedBy.get(eventId) ?? 0n
        for (const authEventId of this.#authEvents.get(eventId) ?? []) this.#reach(authEventId, forks)
      }
    }
  }

  difference(): Set<EventId> {
    const difference = new Set<EventId>()
    for (const [eventId, forks] of this.#reachedBy) {
      if (forks !== this.#forks && !this.#common.has(eventId) && !this.#conflicted.has(eventId)) difference.add(eventId)
    }
    return difference
  }

  #reach(eventId: EventId, forks: bigint): void {
    const before = this.#reachedBy.get(eventId) ?? 0n
    const after = before | forks
    if (before === after) return
    this.#reachedBy.set(eventId, after)
    this.#pending.add(eventId)
  }

  async #open(eventIds: readonly EventId[]): Promise<void> {
    const events = await this.#reader.load(eventIds)
    const doubtful = eventIds.filter((eventId) => !this.#conflicted.has(eventId))
    const entries = await unconflictedAmong(doubtful, events, this.#conflict)
    const others = doubtful.filter((eventId) => !entries.has(eventId) && events.has(eventId))
    const below = await this.#agreed.among(others)
    for (const eventId of eventIds) {
      const event = events.get(eventId)
      const isCommon = entries.has(eventId) || below.has(eventId)
      if (isCommon) this.#common.add(eventId)
      this.#authEvents.set(eventId, event === undefined || isCommon ? [] : this.#reader.authEventIds(event))
    }
  }
}
