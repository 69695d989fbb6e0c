import { type AuthChainStore, type ChainLink, type ChainPlace, FIRST_LINK } from '../../../storage/auth-chain-store.ts'
import { AuthChainLimitError } from './uncovered-events.ts'

/** Chains asked for at once. */
const CHAINS_AT_ONCE = 100

/** Links of a room's chains, each chain read once. */
export class ChainLinks {
  readonly #store: AuthChainStore
  readonly #roomNid: number
  readonly #byChain = new Map<number, ChainLink[]>()

  constructor(store: AuthChainStore, roomNid: number) {
    this.#store = store
    this.#roomNid = roomNid
  }

  /** The links that lead from some chains. */
  async of(chainIds: readonly number[]): Promise<ChainLink[]> {
    const missing = chainIds.filter((chainId) => !this.#byChain.has(chainId))
    for (let start = 0; start < missing.length; start += CHAINS_AT_ONCE) {
      await this.#load(missing.slice(start, start + CHAINS_AT_ONCE))
    }
    return chainIds.flatMap((chainId) => this.#byChain.get(chainId) ?? [])
  }

  /** Adds a link that is not stored yet. */
  async add(link: ChainLink): Promise<void> {
    await this.of([link.origin.chainId])
    this.#byChain.get(link.origin.chainId)?.push(link)
  }

  async #load(chainIds: readonly number[]): Promise<void> {
    for (const chainId of chainIds) this.#byChain.set(chainId, [])
    let after: ChainLink | undefined = FIRST_LINK
    while (after !== undefined) {
      const page: ChainLink[] = await this.#store.linksOf(this.#roomNid, chainIds, after)
      for (const link of page) this.#byChain.get(link.origin.chainId)?.push(link)
      after = page.at(-1)
    }
  }
}

/** How far down each chain some events reach: an event counts as reached by itself. */
export class ChainReach {
  readonly #links: ChainLinks
  readonly #limit: number
  readonly #reached = new Map<number, number>()

  /** @param limit most chains that may be reached. */
  constructor(links: ChainLinks, limit: number) {
    this.#links = links
    this.#limit = limit
  }

  /** For each chain the greatest number that is reached. */
  get chains(): ReadonlyMap<number, number> {
    return this.#reached
  }

  /** Whether a place is reached. */
  has({ chainId, seq }: ChainPlace): boolean {
    return seq <= (this.#reached.get(chainId) ?? 0)
  }

  /** Adds places with all that their auth chains hold. @throws AuthChainLimitError */
  async add(places: Iterable<ChainPlace>): Promise<void> {
    let raised = new Set<number>()
    for (const place of places) if (this.#raise(place)) raised.add(place.chainId)
    while (raised.size > 0) {
      if (this.#reached.size > this.#limit) throw new AuthChainLimitError(this.#limit)
      const links = await this.#links.of([...raised])
      const next = new Set<number>()
      for (const { origin, target } of links) if (this.has(origin) && this.#raise(target)) next.add(target.chainId)
      raised = next
    }
  }

  #raise(place: ChainPlace): boolean {
    if (this.has(place)) return false
    this.#reached.set(place.chainId, place.seq)
    return true
  }
}
