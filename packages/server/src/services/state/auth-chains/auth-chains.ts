import {
  type AuthChainStore,
  type ChainPlace,
  type CoveredEvent,
  FIRST_PLACE,
} from '../../../storage/auth-chain-store.ts'
import { type AuthRoom, authReferences, EVENTS_AT_ONCE } from './auth-references.ts'
import { ChainLinks, ChainReach } from './chain-reach.ts'
import { type AuthChainReading, uncoveredEvents } from './uncovered-events.ts'

/** Most events without cover, and most chains, that one question may lead to. */
export const MAX_AUTH_CHAIN_STEPS = 250_000

/** Some events with their auth chains: those with cover by chains, the others one by one. */
interface Closure {
  readonly reach: ChainReach
  readonly walked: ReadonlySet<number>
}

/**
 * Answers questions about the auth chains of a room's events, by their numbers: by the chain cover as far as it goes,
 * and walking where it does not. The create event is in every auth chain, also where no event names it. Events that are
 * not known, or of another room, are taken for absent.
 *
 * Every method throws AuthChainLimitError if more than `MAX_AUTH_CHAIN_STEPS` events or chains would be looked at.
 */
export class AuthChains {
  readonly #deps: AuthChainReading
  readonly #limit: number

  constructor(deps: AuthChainReading & { readonly limit?: number }) {
    this.#deps = deps
    this.#limit = deps.limit ?? MAX_AUTH_CHAIN_STEPS
  }

  /**
   * The auth chains of some events, in batches of at most a hundred, each event once. The events themselves are among
   * them only if they are in the auth chain of another.
   */
  async *chainOf(room: AuthRoom, eventNids: readonly number[]): AsyncGenerator<readonly number[], void, void> {
    const { walked, reach } = await this.#closure(room, await this.#authEvents(room, eventNids), this.#links(room))
    const found = [...walked]
    for (let start = 0; start < found.length; start += EVENTS_AT_ONCE) yield found.slice(start, start + EVENTS_AT_ONCE)
    for await (const batch of this.#eventsIn(room, reach.chains)) {
      // What was walked may have been covered meanwhile.
      const others = batch.filter(({ eventNid }) => !walked.has(eventNid)).map(({ eventNid }) => eventNid)
      if (others.length > 0) yield others
    }
  }

  /** Whether an event is in the auth chain of another. */
  async isInChain(room: AuthRoom, eventNid: number, ofNid: number): Promise<boolean> {
    const closure = await this.#closure(room, await this.#authEvents(room, [ofNid]), this.#links(room))
    const place = (await this.#deps.authChainStore.ofEvents([eventNid])).get(eventNid)
    return isWithin(closure, eventNid, place)
  }

  /**
   * The auth chain difference of some sets of events: what at least one of the sets with its auth chains holds, and not
   * all of them do.
   * @spec rooms/v12/#definitions
   */
  async difference(room: AuthRoom, sets: readonly (readonly number[])[]): Promise<Set<number>> {
    const links = this.#links(room)
    const closures: Closure[] = []
    for (const eventNids of sets) closures.push(await this.#closure(room, eventNids, links))
    const difference = new Set<number>()
    const consider = (eventNid: number, place: ChainPlace | undefined) => {
      if (!closures.every((closure) => isWithin(closure, eventNid, place))) difference.add(eventNid)
    }
    const walked = [...closures.reduce((all, closure) => all.union(closure.walked), new Set<number>())]
    // Looked up once more: what was walked for one set may have been covered before another was looked at.
    const places = await this.#deps.authChainStore.ofEvents(walked)
    for (const eventNid of walked) consider(eventNid, places.get(eventNid))
    for await (const batch of this.#eventsIn(room, ...spans(closures))) {
      for (const event of batch) consider(event.eventNid, event)
    }
    return difference
  }

  #links({ roomNid }: AuthRoom): ChainLinks {
    return new ChainLinks(this.#deps.authChainStore, roomNid)
  }

  async #authEvents(room: AuthRoom, eventNids: readonly number[]): Promise<number[]> {
    const references = await authReferences(this.#deps.events, room, eventNids)
    return [...references.values()].flatMap(({ authNids }) => authNids)
  }

  async #closure(room: AuthRoom, eventNids: readonly number[], links: ChainLinks): Promise<Closure> {
    const { uncovered, covered } = await uncoveredEvents(this.#deps, room, eventNids, this.#limit)
    const reach = new ChainReach(links, this.#limit)
    await reach.add(covered.values())
    return { reach, walked: new Set(uncovered.map(({ eventNid }) => eventNid)) }
  }

  /** The events of chains up to a number each, above another. */
  async *#eventsIn(
    { roomNid }: AuthRoom,
    upTo: ReadonlyMap<number, number>,
    above: ReadonlyMap<number, number> = new Map(),
  ): AsyncGenerator<CoveredEvent[], void, void> {
    const chainIds = [...upTo.keys()].sort((a, b) => a - b)
    for (let start = 0; start < chainIds.length; start += EVENTS_AT_ONCE) {
      const some = chainIds.slice(start, start + EVENTS_AT_ONCE)
      yield* chainEvents(this.#deps.authChainStore, roomNid, some, upTo, above)
    }
  }
}

/** @param chainIds ascending, at most a hundred. */
async function* chainEvents(
  store: AuthChainStore,
  roomNid: number,
  chainIds: readonly number[],
  upTo: ReadonlyMap<number, number>,
  above: ReadonlyMap<number, number>,
): AsyncGenerator<CoveredEvent[], void, void> {
  let after = FIRST_PLACE
  for (let index = 0; index < chainIds.length; ) {
    const chainId = chainIds[index] ?? 0
    // Numbers are without gaps, so each chain's part can be gone to directly.
    const from = above.get(chainId) ?? 0
    if (after.chainId < chainId || (after.chainId === chainId && after.seq < from)) after = { chainId, seq: from }
    const page = await store.eventsOf(roomNid, chainIds.slice(index), after)
    const wanted = page.filter(({ chainId, seq }) => seq <= (upTo.get(chainId) ?? 0) && seq > (above.get(chainId) ?? 0))
    if (wanted.length > 0) yield wanted
    const last = page.at(-1)
    if (last === undefined) return
    const isDone = last.seq >= (upTo.get(last.chainId) ?? 0)
    after = { chainId: last.chainId, seq: isDone ? Number.MAX_SAFE_INTEGER : last.seq }
    index = chainIds.indexOf(last.chainId) + (isDone ? 1 : 0)
  }
}

function isWithin({ walked, reach }: Closure, eventNid: number, place: ChainPlace | undefined): boolean {
  return walked.has(eventNid) || (place !== undefined && reach.has(place))
}

/** For each chain that is not reached equally by all: how far at most, and how far at least. */
function spans(closures: readonly Closure[]): [upTo: Map<number, number>, above: Map<number, number>] {
  const upTo = new Map<number, number>()
  const above = new Map<number, number>()
  for (const chainId of new Set(closures.flatMap(({ reach }) => [...reach.chains.keys()]))) {
    const reached = closures.map(({ reach }) => reach.chains.get(chainId) ?? 0)
    const most = Math.max(...reached)
    const least = Math.min(...reached)
    if (most === least) continue
    upTo.set(chainId, most)
    above.set(chainId, least)
  }
  return [upTo, above]
}
