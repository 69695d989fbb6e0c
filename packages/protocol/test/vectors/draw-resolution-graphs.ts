import fc from 'fast-check'
import { authEventIds, type EventId, prevEventIds } from '../../src/index.ts'
import { roomVersion } from '../room-builder.ts'
import { type DrawnConflict, drawnConflict } from '../state-resolution/arbitrary-graph.ts'
import { namedConflicts } from '../state-resolution/named-conflicts.ts'

/**
 * Prints graphs for record-synapse-resolution.py to resolve, with no results yet:
 *
 *     node scripts/launch.js packages/protocol/test/vectors/draw-resolution-graphs.ts > packages/protocol/test/vectors/state-resolution.json
 */
const drawn = ['11', '12'].flatMap((id) => [
  ...Object.entries(namedConflicts(roomVersion(id))).map(([name, conflict]) => written(name, conflict)),
  ...fc
    .sample(drawnConflict(roomVersion(id)), { numRuns: 400, seed: 4297 })
    .filter(isWorthwhile)
    .slice(0, 24)
    .map((conflict, index) => written(`drawn ${index + 1}`, conflict)),
])
process.stdout.write(JSON.stringify({ note: '', graphs: drawn }))

/** Leaves out conflicts of one or two keys: almost any order of events gives the right answer there. */
function isWorthwhile({ states }: DrawnConflict): boolean {
  const keys = new Set(states.flatMap((state) => [...state.keys()]))
  return [...keys].filter((key) => new Set(states.map((state) => state.get(key))).size > 1).length >= 4
}

function written(name: string, { graph, states }: DrawnConflict) {
  const events = [...graph.events.values()]
  const numbers = new Map(events.map(({ eventId }, number) => [eventId, number]))
  const numbersOf = (eventIds: Iterable<EventId>) => [...eventIds].map((eventId) => numbers.get(eventId))
  return {
    name,
    roomVersion: graph.version.id,
    resolved: graph.version.id === '12' ? { 'v2.1': [] } : { v1: [], v2: [] },
    states: states.map((state) => numbersOf(state.values())),
    events: events.map(({ pdu, rejectedBy }) => ({
      type: pdu.type,
      key: pdu.state_key,
      sender: pdu.sender,
      content: pdu.content,
      prev: numbersOf(prevEventIds(pdu)),
      auth: numbersOf(authEventIds(pdu)),
      depth: pdu.depth,
      ts: pdu.origin_server_ts,
      ...(rejectedBy === undefined ? {} : { rejected: true }),
    })),
  }
}
