import { parseRoomId, type RoomVersion } from '@magik/protocol'
import { type ChainPlace, type CoveredEvent, FIRST_PLACE } from '../../storage/auth-chain-store.ts'
import type { RawRoom } from '../../storage/check-store.ts'
import { MAX_AUTH_CHAIN_STEPS } from '../state/auth-chains/auth-chains.ts'
import {
  type AuthReference,
  type AuthRoom,
  authReferences,
  EVENTS_AT_ONCE,
} from '../state/auth-chains/auth-references.ts'
import { ChainLinks, ChainReach } from '../state/auth-chains/chain-reach.ts'
import { StateTreeError } from '../state/state-tree-error.ts'
import { type Checking, messageOf } from './checking.ts'
import { aboutRoom } from './findings.ts'

/**
 * Checks a room's chain cover and auth edges against the auth events of what is covered. That a chain holds what it
 * should follows from one step to the next: below an event, its chain and its links lead to each of its auth events and
 * to nothing else.
 * @returns what is wrong; empty if nothing is.
 */
export async function authCoverFaults(deps: Checking, room: RawRoom, version: RoomVersion): Promise<string[]> {
  const check = new AuthCoverCheck(deps, { roomNid: room.room_nid, roomId: parseRoomId(room.room_id), version })
  try {
    return await check.run()
  } catch (error) {
    return [...check.faults, `${aboutRoom(room)} cannot be checked further: ${messageOf(error)}`]
  }
}

/** Most faults told of one room: they are repaired together. */
const MAX_FAULTS = 100

class AuthCoverCheck {
  readonly faults: string[] = []
  readonly #deps: Checking
  readonly #room: AuthRoom
  #expectedEdges = 0

  constructor(deps: Checking, room: AuthRoom) {
    this.#deps = deps
    this.#room = room
  }

  async run(): Promise<string[]> {
    await this.#checkChains()
    await this.#checkEdges()
    await this.#checkRoot()
    return this.faults
  }

  #fault(what: string): void {
    if (this.faults.length < MAX_FAULTS) this.faults.push(what)
  }

  async #checkChains(): Promise<void> {
    const { checkStore, authChainStore } = this.#deps
    const { roomNid } = this.#room
    let before: ChainPlace = FIRST_PLACE
    for (;;) {
      const rows = await checkStore.chains(roomNid, before.chainId, before.seq)
      if (rows.length === 0) return
      for (let start = 0; start < rows.length; start += EVENTS_AT_ONCE) {
        const page = rows.slice(start, start + EVENTS_AT_ONCE).map((row) => ({
          chainId: row.chain_id,
          seq: row.seq,
          eventNid: row.event_nid,
          depth: row.depth,
        }))
        const nids = page.map(({ eventNid }) => eventNid)
        const references = await authReferences(this.#deps.events, this.#room, nids)
        const places = await authChainStore.ofEvents([...references.values()].flatMap(({ authNids }) => authNids))
        const links = new ChainLinks(authChainStore, roomNid)
        for (const event of page) {
          const isNext = event.chainId === before.chainId ? event.seq === before.seq + 1 : event.seq === 1
          if (!isNext) this.#fault(`chain ${event.chainId} has a gap before ${event.seq}`)
          before = event
          const reference = references.get(event.eventNid)
          if (reference === undefined) this.#fault(`event number ${event.eventNid} is covered and not of the room`)
          else await this.#checkEvent(event, reference, places, links)
        }
      }
    }
  }

  async #checkEvent(
    event: CoveredEvent,
    { eventNid, authNids, named, isState }: AuthReference,
    places: ReadonlyMap<number, CoveredEvent>,
    links: ChainLinks,
  ): Promise<void> {
    const about = `event number ${eventNid}`
    if (isState) this.#expectedEdges += named.length
    const permits = authNids.flatMap((authNid) => places.get(authNid) ?? [])
    if (permits.length < authNids.length) this.#fault(`${about} is covered, and not all of its auth events are`)
    const depth = permits.reduce((most, permit) => Math.max(most, permit.depth), 0) + 1
    if (event.depth !== depth) this.#fault(`${about} has depth ${event.depth} in its auth chain instead of ${depth}`)
    const own = (await links.of([event.chainId])).filter(({ origin }) => origin.seq === event.seq)
    const below = own.map(({ target }) => target)
    if (event.seq > 1) below.push({ chainId: event.chainId, seq: event.seq - 1 })
    const isPermit = ({ chainId, seq }: ChainPlace) =>
      permits.some((permit) => permit.chainId === chainId && permit.seq === seq)
    if (!below.every(isPermit)) this.#fault(`${about} is put above events that are not its auth events`)
    const reach = new ChainReach(links, MAX_AUTH_CHAIN_STEPS)
    await reach.add(below)
    if (!permits.every((permit) => reach.has(permit)))
      this.#fault(`no link leads from ${about} to one of its auth events`)
  }

  async #checkEdges(): Promise<void> {
    const { authEdgeStore, authChainStore, events } = this.#deps
    let edges = 0
    for (let after = { citedNid: 0, citingNid: 0 }; ; ) {
      const page = await authEdgeStore.page(this.#room.roomNid, after)
      const last = page.at(-1)
      if (last === undefined) break
      after = last
      edges += page.length
      const citing = [...new Set(page.map(({ citingNid }) => citingNid))]
      const references = await authReferences(events, this.#room, citing)
      const covered = await authChainStore.ofEvents(citing)
      for (const { citedNid, citingNid } of page) {
        const isRight = covered.has(citingNid) && references.get(citingNid)?.named.includes(citedNid) === true
        if (!isRight) this.#fault(`an edge leads from event number ${citedNid} to ${citingNid}, which does not cite it`)
      }
    }
    if (edges === this.#expectedEdges) return
    this.#fault(`there are ${edges} auth edges; the events that are covered have ${this.#expectedEdges}`)
  }

  /** All events of the state that counts as covered are. */
  async #checkRoot(): Promise<void> {
    const { authChainStore, tree } = this.#deps
    const { root, nextChain } = await authChainStore.coverOf(this.#room.roomNid)
    const [later] = await this.#deps.checkStore.chains(this.#room.roomNid, nextChain, 0)
    if (later !== undefined) this.#fault(`chain ${later.chain_id} is in use, and ${nextChain} counts as free`)
    try {
      for await (const batch of tree.entryBatches(this.#room.roomNid, root)) {
        const nids = batch.map(({ event }) => event)
        const covered = await authChainStore.ofEvents(nids)
        const missing = nids.filter((eventNid) => !covered.has(eventNid))
        if (missing.length > 0) this.#fault(`event number ${missing[0]} is of the covered state and not covered`)
      }
    } catch (error) {
      // The state may have gone with the history that it was of: then the next one is covered as a whole.
      if (!(error instanceof StateTreeError)) throw error
    }
  }
}
