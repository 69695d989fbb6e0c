import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type ChainLink, FIRST_LINK } from '../../../storage/auth-chain-store.ts'
import { AuthChains } from './auth-chains.ts'
import { AuthGraph, authChainDatabase } from './test-auth-graph.ts'
import { AuthChainLimitError } from './uncovered-events.ts'

interface DrawnGraph {
  readonly version: '11' | '12'
  /** For each event after the create event how far back those lie that it names. */
  readonly events: readonly (readonly number[])[]
  /** What is covered at one time, and then at another. */
  readonly covered: readonly (readonly number[])[]
  readonly sets: readonly (readonly number[])[]
}

const indexes = (maxLength: number) => fc.array(fc.nat(59), { maxLength })

const graphs: fc.Arbitrary<DrawnGraph> = fc.record({
  version: fc.constantFrom('11', '12'),
  events: fc.array(fc.array(fc.oneof(fc.nat(3), fc.nat(59)), { maxLength: 4 }), { minLength: 1, maxLength: 59 }),
  covered: fc.array(indexes(6), { maxLength: 3 }),
  sets: fc.array(indexes(4), { minLength: 1, maxLength: 3 }),
})

type Deps = Awaited<ReturnType<typeof authChainDatabase>>

async function build(deps: Deps, roomNid: number, { version, events, covered }: DrawnGraph): Promise<AuthGraph> {
  const graph = new AuthGraph(deps, roomNid, version)
  for (const [index, back] of events.entries()) graph.add([...new Set(back.map((each) => Math.max(0, index - each)))])
  for (const some of covered) await graph.cover(existing(graph, events, some))
  return graph
}

function existing(graph: AuthGraph, events: readonly unknown[], drawn: readonly number[]): number[] {
  return [...new Set(drawn.map((index) => graph.nid(index % (events.length + 1))))]
}

async function chainOf(graph: AuthGraph, eventNids: readonly number[]): Promise<number[]> {
  const found: number[] = []
  for await (const batch of graph.chains.chainOf(graph.room, eventNids)) {
    expect(batch.length).toBeLessThanOrEqual(100)
    found.push(...batch)
  }
  return found.sort((a, b) => a - b)
}

const sorted = (nids: Iterable<number>) => [...nids].sort((a, b) => a - b)

test('chains, differences and membership are those of the graph, however much of it is covered', async () => {
  const deps = await authChainDatabase()
  let roomNid = 0
  await fc.assert(
    fc.asyncProperty(graphs, async (drawn) => {
      roomNid += 1
      const graph = await build(deps, roomNid, drawn)
      const sets = drawn.sets.map((set) => existing(graph, drawn.events, set))
      // the chain of a set
      expect(await chainOf(graph, sets[0]!)).toEqual(sorted(graph.chain(sets[0]!)))
      // what some of the sets reach and others do not
      const closures = sets.map((set) => graph.closure(set))
      const all = closures.reduce((union, each) => union.union(each))
      const common = closures.reduce((intersection, each) => intersection.intersection(each))
      const difference = await graph.chains.difference(graph.room, sets)
      expect(sorted(difference)).toEqual(sorted(all.difference(common)))
      // whether one is in the chain of another
      const [lower = graph.nid(0), upper = graph.nid(drawn.events.length)] = sets[0]!
      expect(await graph.chains.isInChain(graph.room, lower, upper)).toBe(graph.chain([upper]).has(lower))
    }),
    { numRuns: 300 },
  )
})

test('no link leads where the others lead anyway', async () => {
  const deps = await authChainDatabase()
  let roomNid = 0
  await fc.assert(
    fc.asyncProperty(graphs, async (drawn) => {
      roomNid += 1
      const graph = await build(deps, roomNid, { ...drawn, covered: [drawn.events.map((_, index) => index + 1)] })
      const places = await deps.authChainStore.ofEvents(drawn.events.map((_, index) => graph.nid(index + 1)))
      const chainIds = [...new Set([...places.values()].map(({ chainId }) => chainId))]
      const links: ChainLink[] = await deps.authChainStore.linksOf(roomNid, chainIds, FIRST_LINK)
      fc.pre(links.length < 100)
      const eventAt = new Map([...places.values()].map((event) => [`${event.chainId} ${event.seq}`, event.eventNid]))
      for (const { origin, target } of links) {
        const below = [
          eventAt.get(`${origin.chainId} ${origin.seq - 1}`),
          ...links
            .filter((other) => other.origin.chainId === origin.chainId && other.origin.seq === origin.seq)
            .filter((other) => other.target !== target)
            .map((other) => eventAt.get(`${other.target.chainId} ${other.target.seq}`)),
        ]
        const reached = graph.closure(below.filter((nid) => nid !== undefined))
        expect(reached.has(eventAt.get(`${target.chainId} ${target.seq}`) ?? graph.nid(0))).toBe(false)
      }
    }),
    { numRuns: 100 },
  )
})

test('a long line is one chain, and what is asked of it reads a few rows', async () => {
  // given power levels that have been changed 2,000 times
  const deps = await authChainDatabase()
  const graph = new AuthGraph(deps, 1, '11')
  for (let index = 1; index <= 2_000; index += 1) graph.add([index - 1])
  await graph.cover([graph.nid(2_000)])
  const before = deps.database.counts().reads
  // when two of the latest are compared
  const difference = await graph.chains.difference(graph.room, [[graph.nid(2_000)], [graph.nid(1_995)]])
  // then only what is between them is looked at
  expect(sorted(difference)).toEqual([1_996, 1_997, 1_998, 1_999, 2_000].map((index) => graph.nid(index)))
  expect(deps.database.counts().reads - before).toBeLessThanOrEqual(10)
})

test('what is not covered is walked, up to a limit', async () => {
  const deps = await authChainDatabase()
  const graph = new AuthGraph(deps, 1, '12')
  for (let index = 1; index <= 300; index += 1) graph.add([index - 1])
  const chains = (limit: number) => new AuthChains({ ...deps, events: graph, limit })
  const ask = (limit: number) => chains(limit).isInChain(graph.room, graph.nid(1), graph.nid(300))
  await expect(ask(200)).rejects.toThrow(AuthChainLimitError)
  expect(await ask(400)).toBe(true)
  // once the lower part is covered, the rest is within the limit
  await graph.cover([graph.nid(200)])
  expect(await ask(200)).toBe(true)
})
