import type { AuthChainStore, ChainPlace, CoveredEvent, CoverRow } from '../../../storage/auth-chain-store.ts'
import type { AuthEdgeStore } from '../../../storage/auth-edge-store.ts'
import type { BoundWrite } from '../../../platform/database/database.ts'
import type { AuthReference } from './auth-references.ts'
import { ChainLinks, ChainReach } from './chain-reach.ts'
import { MAX_AUTH_CHAIN_STEPS } from './auth-chains.ts'

/** What planning cover takes. */
export interface CoverPlanning {
  readonly authChainStore: AuthChainStore
  readonly authEdgeStore: AuthEdgeStore
}

/**
 * Cover of one room's events that is not stored yet, in the order in which events are added: each event goes to the end
 * of the chain of one of its auth events, if nothing has been put there, else it begins a chain. Links are transitively
 * reduced: none leads where others lead anyway.
 */
export class CoverPlan {
  readonly #deps: CoverPlanning
  readonly #roomNid: number
  readonly #links: ChainLinks
  readonly #planned = new Map<number, CoveredEvent>()
  readonly #ends = new Map<number, number>()
  readonly #writes: BoundWrite[] = []
  #nextChain: number

  constructor(deps: CoverPlanning, roomNid: number, { nextChain }: CoverRow) {
    this.#deps = deps
    this.#roomNid = roomNid
    this.#links = new ChainLinks(deps.authChainStore, roomNid)
    this.#nextChain = nextChain
  }

  /** What has been planned, by number. */
  get planned(): ReadonlyMap<number, CoveredEvent> {
    return this.#planned
  }

  /** What stores it. */
  get writes(): readonly BoundWrite[] {
    return this.#writes
  }

  /** The first chain number that is left. */
  get nextChain(): number {
    return this.#nextChain
  }

  /**
   * Adds an event.
   * @param covered where its auth events stand that are not of this plan.
   */
  async add(reference: AuthReference, covered: ReadonlyMap<number, CoveredEvent>): Promise<void> {
    const { eventNid, authNids, named, isState } = reference
    const permits = authNids.flatMap((authNid) => this.#planned.get(authNid) ?? covered.get(authNid) ?? [])
    const depth = permits.reduce((most, permit) => Math.max(most, permit.depth), 0) + 1
    const nearest = await this.#reduced(permits)
    const place = (await this.#placeAfter(nearest)) ?? { chainId: this.#nextChain++, seq: 1 }
    const event = { ...place, eventNid, depth }
    this.#planned.set(eventNid, event)
    this.#ends.set(place.chainId, place.seq)
    const { authChainStore, authEdgeStore } = this.#deps
    this.#writes.push(authChainStore.insertEvent(this.#roomNid, event))
    for (const target of nearest) {
      if (target.chainId === place.chainId) continue
      const link = { origin: place, target: { chainId: target.chainId, seq: target.seq } }
      await this.#links.add(link)
      this.#writes.push(authChainStore.insertLink(this.#roomNid, link))
    }
    if (!isState) return
    for (const citedNid of named) {
      this.#writes.push(authEdgeStore.insert(this.#roomNid, { citedNid, citingNid: eventNid }))
    }
  }

  /** Those of an event's auth events that are not in the auth chain of another of them, the deepest first. */
  async #reduced(permits: readonly CoveredEvent[]): Promise<CoveredEvent[]> {
    const reach = new ChainReach(this.#links, MAX_AUTH_CHAIN_STEPS)
    const nearest: CoveredEvent[] = []
    for (const permit of permits.toSorted((a, b) => b.depth - a.depth)) {
      if (reach.has(permit)) continue
      nearest.push(permit)
      await reach.add([permit])
    }
    return nearest
  }

  async #placeAfter(nearest: readonly ChainPlace[]): Promise<ChainPlace | undefined> {
    for (const { chainId, seq } of nearest) {
      const next = { chainId, seq: seq + 1 }
      const end = this.#ends.get(chainId)
      const isFree = end === undefined ? !(await this.#deps.authChainStore.isTaken(this.#roomNid, next)) : end === seq
      if (isFree) return next
    }
    return undefined
  }
}
