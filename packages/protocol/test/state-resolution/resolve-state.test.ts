import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  conflictOfStates,
  type EventId,
  type ResolutionEvents,
  type RoomVersion,
  resolveState,
} from '../../src/index.ts'
import { roomVersion } from '../room-builder.ts'
import { type DrawnConflict, drawnConflict } from './arbitrary-graph.ts'
import { keyOf, referenceResolve, type State } from './reference.ts'
import { entriesOf } from './room-graph.ts'

const versions: readonly RoomVersion[] = [
  { ...roomVersion('11'), stateResolution: 'v1' },
  { ...roomVersion('11'), stateResolution: 'v2' },
  roomVersion('12'),
  { ...roomVersion('11'), stateResolution: 'v2.1' },
]

/** The resolved state as a whole. */
async function resolved(
  { graph, states }: DrawnConflict,
  source: ResolutionEvents = graph.source(),
): Promise<Record<string, string>> {
  const conflict = conflictOfStates(states.map((state) => [...entriesOf(state)]))
  const result = new Map(states[0])
  for (const { key, eventId } of await resolveState(graph.roomId, conflict, source, graph.version)) {
    if (eventId === undefined) result.delete(keyOf(...key))
    else result.set(keyOf(...key), eventId)
  }
  return sorted(result)
}

function sorted(state: State): Record<string, string> {
  return Object.fromEntries([...state].sort(([a], [b]) => (a < b ? -1 : 1)))
}

describe.each(versions)('resolution $stateResolution, room version $id', (version) => {
  const runs = { seed: 20_251_101, numRuns: 400 }

  test('is what the specification says, whatever the caller can tell', async () => {
    const teller = fc.record({
      indexed: fc.boolean(),
      authDepths: fc.boolean(),
      crowd: fc.integer({ min: 0, max: 64 }),
    })
    await fc.assert(
      fc.asyncProperty(drawnConflict(version), teller, async (drawn, { indexed, authDepths, crowd }) => {
        const expected = sorted(referenceResolve(drawn.states, drawn.graph.events, version))
        const crowded = (eventId: EventId) => eventId.charCodeAt(1) % 64 < crowd
        expect(await resolved(drawn, drawn.graph.source({ indexed, authDepths, crowded }))).toEqual(expected)
      }),
      runs,
    )
  })

  test('does not depend on the order of forks, keys or answers', async () => {
    await fc.assert(
      fc.asyncProperty(drawnConflict(version), async (drawn) => {
        const { graph, states } = drawn
        const turned = states.map((state) => new Map([...state].reverse())).reverse()
        expect(await resolved({ graph, states: turned })).toEqual(await resolved(drawn))
      }),
      { ...runs, numRuns: 100 },
    )
  })

  test('does not change when forks are there twice, and leaves what all forks share', async () => {
    await fc.assert(
      fc.asyncProperty(drawnConflict(version), async ({ graph, states }) => {
        expect(await resolved({ graph, states: [...states, ...states] })).toEqual(await resolved({ graph, states }))
        const [first] = states
        expect(await resolved({ graph, states: [first!, first!] })).toEqual(sorted(first!))
      }),
      { ...runs, numRuns: 100 },
    )
  })
})
