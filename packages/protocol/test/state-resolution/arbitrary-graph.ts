import fc from 'fast-check'
import type { EventId, JsonObject, RoomVersion, UserId } from '../../src/index.ts'
import { keyOf, referenceResolve, type State } from './reference.ts'
import { EMPTY_FORK, type Fork, type GraphEvent, RoomGraph, users } from './room-graph.ts'

/** States to be resolved, in a room that made them. */
export interface DrawnConflict {
  readonly graph: RoomGraph
  readonly states: readonly State[]
}

/** What a user does; numbers choose among what there is. */
interface Step {
  readonly fork: number
  readonly action: number
  readonly actor: number
  readonly target: number
  readonly value: number
  readonly ts: number
}

const step: fc.Arbitrary<Step> = fc.record({
  fork: fc.nat(3),
  action: fc.nat(19),
  actor: fc.nat(5),
  target: fc.nat(5),
  value: fc.nat(5),
  ts: fc.nat(40),
})

/**
 * A public room of six, with moderators, that goes on in two to four forks. Forks may merge and go on, and states may
 * have lost entries or hold older events than they should, as states that other servers tell do.
 */
export function drawnConflict(version: RoomVersion): fc.Arbitrary<DrawnConflict> {
  return fc
    .record({
      before: fc.array(step, { maxLength: 8 }),
      count: fc.integer({ min: 2, max: 4 }),
      steps: fc.array(step, { minLength: 1, maxLength: 28 }),
      spoilt: fc.array(fc.record({ fork: fc.nat(3), entry: fc.nat(30), event: fc.nat(60) }), { maxLength: 3 }),
      spoil: fc.boolean(),
    })
    .map(({ before, count, steps, spoilt, spoil }) => {
      const graph = new RoomGraph(version)
      const start = before.reduce((fork, each) => take(graph, [fork], each, 0)[0]!, foundRoom(graph))
      let forks: Fork[] = Array.from({ length: count }, () => start)
      for (const each of steps) forks = take(graph, forks, each, each.fork % count)
      const states = forks.map((fork) => new Map(fork.state))
      for (const each of spoil ? spoilt : []) spoilState(graph, states[each.fork % count]!, each)
      return { graph, states }
    })
}

function foundRoom(graph: RoomGraph): Fork {
  const [alice, bob, carol] = users as [UserId, UserId, UserId]
  const levels: JsonObject = graph.version.creatorPower === 'infinite' ? {} : { [alice]: 100 }
  const room: GraphEvent[] = [
    { type: 'm.room.create', sender: alice, stateKey: '', content: { creator: alice } },
    { type: 'm.room.member', sender: alice, stateKey: alice, content: { membership: 'join' } },
    {
      type: 'm.room.power_levels',
      sender: alice,
      stateKey: '',
      content: { users: { ...levels, [bob]: 50 }, state_default: 25 },
    },
    { type: 'm.room.join_rules', sender: alice, stateKey: '', content: { join_rule: 'public' } },
    { type: 'm.room.member', sender: bob, stateKey: bob, content: { membership: 'join' } },
    { type: 'm.room.member', sender: carol, stateKey: carol, content: { membership: 'join' } },
  ]
  return room.reduce((fork, event) => graph.send(fork, event), EMPTY_FORK)
}

/** Takes one step at one fork, if the room allows it there. */
function take(graph: RoomGraph, forks: readonly Fork[], step: Step, index: number): Fork[] {
  const fork = forks[index]!
  if (step.action === 19 && forks.length > 1) {
    const other = forks[(index + 1 + (step.target % (forks.length - 1))) % forks.length]!
    const state = referenceResolve([fork.state, other.state], graph.events, graph.version)
    return forks.with(index, { ...fork, state, depth: Math.max(fork.depth, other.depth) })
  }
  const next = graph.trySend(fork, { ...draftOf(graph, fork, step), ts: 1_000 + step.ts })
  return next ? forks.with(index, next) : [...forks]
}

function draftOf(graph: RoomGraph, fork: Fork, { action, actor, target, value }: Step): GraphEvent {
  const sender = users[actor]!
  const other = users[target]!
  const member = (membership: string, stateKey: UserId): GraphEvent => ({
    type: 'm.room.member',
    sender,
    stateKey,
    content: { membership, displayname: `${value}` },
  })
  if (action < 4) return member('join', sender)
  if (action < 5) return member('leave', sender)
  if (action < 7) return member('ban', other)
  if (action < 9) return member('leave', other)
  if (action < 10) return member('invite', other)
  if (action < 12) {
    const content = { join_rule: ['public', 'invite', 'knock'][value % 3]! }
    return { type: 'm.room.join_rules', sender, stateKey: '', content }
  }
  if (action < 16) {
    const before = graph.pdu(fork.state.get(keyOf('m.room.power_levels', '')))?.content ?? {}
    const levels = { ...(before.users as JsonObject | undefined), [other]: [0, 25, 50, 75, 100, 10][value]! }
    return { type: 'm.room.power_levels', sender, stateKey: '', content: { ...before, users: levels } }
  }
  return { type: ['m.room.topic', 'm.room.name'][value % 2]!, sender, stateKey: '', content: { topic: `${target}` } }
}

/** Takes an entry away, or puts any event of the same key, or a new key's, into its place. The create event stays. */
function spoilState(
  graph: RoomGraph,
  state: Map<string, EventId>,
  { entry, event }: { entry: number; event: number },
): void {
  const create = keyOf('m.room.create', '')
  const keys = [...state.keys()].filter((key) => key !== create)
  const key = keys[entry % keys.length]
  if (key === undefined) return
  const sameKey = [...graph.events.values()].filter(({ pdu }) => keyOf(pdu.type, pdu.state_key ?? '') === key)
  const chosen = sameKey[event % (sameKey.length + 1)]
  if (chosen) state.set(key, chosen.eventId)
  else state.delete(key)
}
