import type { AuthChainStore, CoveredEvent } from '../../../storage/auth-chain-store.ts'
import {
  type AuthEventSource,
  type AuthReference,
  type AuthRoom,
  authReferences,
  EVENTS_AT_ONCE,
} from './auth-references.ts'

/** What walking auth chains takes. */
export interface AuthChainReading {
  readonly authChainStore: AuthChainStore
  readonly events: AuthEventSource
}

/** Thrown when a walk would meet more events than it may. */
export class AuthChainLimitError extends Error {
  constructor(limit: number) {
    super(`A walk along auth chains would meet more than ${limit} events`)
  }
}

/** What a walk down to the cover has met. */
export interface UncoveredEvents {
  /** Events without cover, each after those of its auth events that are among them. */
  readonly uncovered: readonly AuthReference[]
  /** Events with cover at which it turned round. */
  readonly covered: ReadonlyMap<number, CoveredEvent>
}

/**
 * Walks down from some events of a room until everything met is covered: below a covered event everything is.
 * @param limit most events without cover that may be met.
 * @param planned cover that is not stored yet.
 * @throws AuthChainLimitError if it is exceeded.
 */
export async function uncoveredEvents(
  { authChainStore, events }: AuthChainReading,
  room: AuthRoom,
  eventNids: Iterable<number>,
  limit: number,
  planned: ReadonlyMap<number, CoveredEvent> = new Map(),
): Promise<UncoveredEvents> {
  const references = new Map<number, AuthReference>()
  const covered = new Map<number, CoveredEvent>()
  const seen = new Set(eventNids)
  let pending = [...seen]
  while (pending.length > 0) {
    const next: number[] = []
    for (let start = 0; start < pending.length; start += EVENTS_AT_ONCE) {
      const some = pending.slice(start, start + EVENTS_AT_ONCE)
      const stored = await authChainStore.ofEvents(some.filter((eventNid) => !planned.has(eventNid)))
      const bare: number[] = []
      for (const eventNid of some) {
        const place = planned.get(eventNid) ?? stored.get(eventNid)
        if (place === undefined) bare.push(eventNid)
        else covered.set(eventNid, place)
      }
      for (const [eventNid, reference] of await authReferences(events, room, bare)) {
        references.set(eventNid, reference)
        for (const authNid of reference.authNids) {
          if (seen.has(authNid)) continue
          seen.add(authNid)
          next.push(authNid)
        }
      }
      if (references.size > limit) throw new AuthChainLimitError(limit)
    }
    pending = next
  }
  return { uncovered: inAuthOrder(references), covered }
}

/**
 * Each event after its auth events. An event of its own auth chain, possible only where events were not checked on
 * receipt, comes somewhere.
 */
function inAuthOrder(references: ReadonlyMap<number, AuthReference>): AuthReference[] {
  const ordered: AuthReference[] = []
  const entered = new Set<number>()
  for (const start of references.values()) {
    const path: { readonly reference: AuthReference; next: number }[] = []
    const enter = (reference: AuthReference | undefined) => {
      if (reference === undefined || entered.has(reference.eventNid)) return
      entered.add(reference.eventNid)
      path.push({ reference, next: 0 })
    }
    enter(start)
    for (let step = path.at(-1); step !== undefined; step = path.at(-1)) {
      const authNid = step.reference.authNids[step.next]
      step.next += 1
      if (authNid !== undefined) {
        enter(references.get(authNid))
        continue
      }
      ordered.push(step.reference)
      path.pop()
    }
  }
  return ordered
}
