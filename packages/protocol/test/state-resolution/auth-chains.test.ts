import fc from 'fast-check'
import { expect, test } from 'vitest'
import { authEventIds, conflictOfStates, type EventId } from '../../src/index.ts'
import { authDifference } from '../../src/state-resolution/auth-difference.ts'
import { conflictedSubgraph } from '../../src/state-resolution/conflicted-subgraph.ts'
import { EventReader } from '../../src/state-resolution/event-reader.ts'
import { UnconflictedAuthChain } from '../../src/state-resolution/unconflicted-auth-chain.ts'
import { roomVersion } from '../room-builder.ts'
import { keyOf } from './reference.ts'
import { EMPTY_FORK, entriesOf, RoomGraph, users } from './room-graph.ts'

const KEYS = 7

/** Any auth events whatsoever, any state whatsoever, and any way the caller may know of them. */
const drawn = fc
  .record({
    events: fc.array(fc.record({ key: fc.nat(KEYS - 1), auth: fc.array(fc.nat(6), { maxLength: 3 }) }), {
      minLength: 4,
      maxLength: 30,
    }),
    forks: fc.integer({ min: 2, max: 4 }),
    agreed: fc.array(fc.nat(20), { minLength: KEYS, maxLength: KEYS }),
    picks: fc.array(fc.array(fc.nat(20), { minLength: 4, maxLength: 4 }), { minLength: KEYS, maxLength: KEYS }),
    isConflicted: fc.array(fc.boolean(), { minLength: KEYS, maxLength: KEYS }),
    indexed: fc.boolean(),
    authDepths: fc.boolean(),
    crowd: fc.integer({ min: 0, max: 40 }),
    limit: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ events, forks, agreed, picks, isConflicted, indexed, authDepths, crowd, limit }) => {
    const graph = new RoomGraph(roomVersion('11'))
    const byKey: EventId[][] = Array.from({ length: KEYS }, () => [])
    const ids: EventId[] = []
    for (const { key, auth } of events) {
      // Near ones, so that chains are long.
      const authEvents = new Set(auth.flatMap((back) => ids.at(-1 - back) ?? []))
      const stateKey = `${key}`
      const event = graph.force(EMPTY_FORK, { type: 'test', sender: users[0]!, stateKey, authEvents: [...authEvents] })
      ids.push(event.last!)
      byKey[key]!.push(event.last!)
    }
    const states = Array.from({ length: forks }, (_, fork) => {
      const state = new Map<string, EventId>()
      for (const [key, choices] of byKey.entries()) {
        const pick = isConflicted[key] ? picks[key]![fork]! : agreed[key]!
        const chosen = choices[pick % (choices.length + 1)]
        if (chosen) state.set(keyOf('test', `${key}`), chosen)
      }
      return state
    })
    const crowded = (eventId: EventId) => eventId.charCodeAt(1) % 64 < crowd
    return { graph, states, limit, source: graph.source({ indexed, authDepths, crowded }) }
  })

function withAuthChain(graph: RoomGraph, eventId: EventId, found: Set<EventId> = new Set()): Set<EventId> {
  if (found.has(eventId)) return found
  found.add(eventId)
  for (const authEventId of authEventIds(graph.pdu(eventId)!)) withAuthChain(graph, authEventId, found)
  return found
}

const runs = { seed: 4_297, numRuns: 1_500 }

test('the auth difference is what some states reach and others do not', async () => {
  let notEmpty = 0
  await fc.assert(
    fc.asyncProperty(drawn, async ({ graph, states, source, limit }) => {
      const conflict = conflictOfStates(states.map((state) => [...entriesOf(state)]))
      const reader = new EventReader(source, graph.roomId, graph.version, 10_000)
      const difference = await authDifference(conflict, reader, new UnconflictedAuthChain(conflict, reader, limit))

      const reached = states.map((state) => new Set([...state.values()].flatMap((id) => [...withAuthChain(graph, id)])))
      const conflicted = new Set(conflict.conflicted.flatMap(({ events }) => events))
      const expected = [...graph.events.keys()].filter((id) => {
        const forks = reached.filter((each) => each.has(id)).length
        return forks > 0 && forks < states.length && !conflicted.has(id)
      })
      if (expected.length > 0) notEmpty++
      expect([...difference].sort()).toEqual(expected.sort())
    }),
    runs,
  )
  expect(notEmpty).toBeGreaterThan(500)
})

test('the conflicted state subgraph is what lies between conflicted events', async () => {
  let between = 0
  await fc.assert(
    fc.asyncProperty(drawn, async ({ graph, states, source, limit }) => {
      const { conflicted: keys } = conflictOfStates(states.map((state) => [...entriesOf(state)]))
      const conflicted = new Set(keys.flatMap(({ events }) => events).filter((eventId) => eventId !== undefined))
      const reader = new EventReader(source, graph.roomId, graph.version, 10_000)
      const subgraph = (await conflictedSubgraph(conflicted, reader, limit)).union(conflicted)

      const below = new Set([...conflicted].flatMap((id) => [...withAuthChain(graph, id)]))
      const expected = [...below].filter((id) => !withAuthChain(graph, id).isDisjointFrom(conflicted))
      if (expected.length > conflicted.size) between++
      expect([...subgraph].sort()).toEqual(expected.sort())
    }),
    runs,
  )
  expect(between).toBeGreaterThan(300)
})
