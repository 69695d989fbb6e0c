import fc from 'fast-check'
import { expect, test } from 'vitest'
import { conflictOfStates, findStateResets, resolveState, type StateReset } from '../../src/index.ts'
import { roomVersion } from '../room-builder.ts'
import { type DrawnConflict, drawnConflict } from './arbitrary-graph.ts'
import { alice, bob, carol, joinRule, member, namedConflicts, Story, topic, withEntryOf } from './named-conflicts.ts'
import { keyOf } from './reference.ts'
import { entriesOf } from './room-graph.ts'

const v11 = roomVersion('11')
const v12 = roomVersion('12')

async function resetsOf({ graph, states }: DrawnConflict): Promise<readonly StateReset[]> {
  const conflict = conflictOfStates(states.map((state) => [...entriesOf(state)]))
  const entries = await resolveState(graph.roomId, conflict, graph.source(), graph.version)
  return await findStateResets(graph.roomId, conflict, entries, graph.source(), graph.version)
}

test.each([v11, v12])('what an event revokes is no reset, in room version $id', async (version) => {
  const conflicts = namedConflicts(version)
  for (const name of [
    'a ban and a topic of the banned',
    'a ban and a rename of the banned',
    'a room closes while somebody joins',
    'two demote each other',
    'a fork that knows nobody',
  ]) {
    expect([name, await resetsOf(conflicts[name]!)]).toEqual([name, []])
  }
})

test('join rules that all forks had are gone, and the departure of their sender is at fault', async () => {
  const name = 'the sender of the join rules has left'
  const conflict = namedConflicts(v11)[name]!
  const [correct] = conflict.states
  const [reset, ...others] = await resetsOf(conflict)
  expect(others).toEqual([])
  expect(reset).toMatchObject({ key: ['m.room.join_rules', ''], kind: 'removed', resolved: undefined })
  expect(reset!.lost).toContain(correct!.get(keyOf('m.room.join_rules', '')))
  expect(reset!.atFault).toEqual([correct!.get(keyOf('m.room.member', alice))])
  expect(await resetsOf(namedConflicts(v12)[name]!)).toEqual([])
})

test('power levels are set back to those before, together with what came between', async () => {
  const name = 'power levels of long ago'
  const conflict = namedConflicts(v11)[name]!
  const [dodgy, correct] = conflict.states
  const reset = (await resetsOf(conflict)).find(({ key }) => key[0] === 'm.room.power_levels')
  expect(reset).toMatchObject({ kind: 'reverted', resolved: dodgy!.get(keyOf('m.room.power_levels', '')) })
  expect(reset!.lost).toHaveLength(2)
  expect(reset!.lost[0]).toBe(correct!.get(keyOf('m.room.power_levels', '')))
  expect((await resetsOf(namedConflicts(v12)[name]!)).map(({ key }) => key[0])).not.toContain('m.room.power_levels')
})

test('a member whom all forks had is gone, although only the door was closed', async () => {
  const story = new Story(v11)
  const start = story.found({ [bob]: 50 }, [bob])
  const one = story.on(start, member(carol, 'join'), joinRule(alice, 'invite'))
  const two = story.on(start, member(carol, 'join', carol, { displayname: 'Carol' }))
  const [reset, ...others] = await resetsOf(story.conflict(one, two))
  expect(others).toEqual([])
  expect(reset).toEqual({
    key: ['m.room.member', carol],
    kind: 'removed',
    lost: expect.arrayContaining([
      one.state.get(keyOf('m.room.member', carol)),
      two.state.get(keyOf('m.room.member', carol)),
    ]),
    resolved: undefined,
    atFault: [one.last],
  })
})

test('what is refused only because of a reset is a reset as well', async () => {
  const story = new Story(v11)
  const start = story.found({}, [bob, carol])
  const promoted = story.on(
    start,
    story.levels(alice, { [bob]: 50 }),
    story.levels(bob, { [bob]: 50, [carol]: 50 }),
    topic(carol, 'first'),
  )
  const one = story.on(promoted, topic(carol, 'second'))
  const two = story.on(promoted, topic(carol, 'third'))
  const resets = await resetsOf(story.conflict(one, withEntryOf(two, start, 'm.room.power_levels')))
  const levels = start.state.get(keyOf('m.room.power_levels', ''))
  expect(resets.map(({ kind, key }) => [kind, key[0]])).toEqual([
    ['reverted', 'm.room.power_levels'],
    ['removed', 'm.room.topic'],
  ])
  expect(resets[1]).toMatchObject({ lost: [one.last, two.last], atFault: [levels] })
})

test('what is refused because of an event that revokes it is none', async () => {
  const story = new Story(v11)
  const start = story.found({ [bob]: 50 }, [bob])
  const one = story.on(start, topic(bob, 'one'), member(bob, 'ban', alice))
  const two = story.on(start, topic(bob, 'two'))
  expect(await resetsOf(story.conflict(one, two))).toEqual([])
})

test('a merge in which all forks end with the newest of each entry resets nothing', async () => {
  await fc.assert(
    fc.asyncProperty(drawnConflict(v12), async ({ graph, states: [first] }) => {
      expect(await resetsOf({ graph, states: [first!, first!] })).toEqual([])
    }),
    { seed: 7, numRuns: 50 },
  )
})

test('every reset it tells has lost events, and none of them is in the state', async () => {
  let found = 0
  await fc.assert(
    fc.asyncProperty(drawnConflict(v11), async (drawn) => {
      for (const { lost, resolved, key } of await resetsOf(drawn)) {
        found++
        expect(lost.length).toBeGreaterThan(0)
        expect(lost).not.toContain(resolved)
        for (const eventId of lost) expect(drawn.graph.pdu(eventId)).toMatchObject({ type: key[0], state_key: key[1] })
      }
    }),
    { seed: 7, numRuns: 300 },
  )
  expect(found).toBeGreaterThan(0)
})
