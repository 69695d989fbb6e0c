import type { StateDifference } from '../../../server/src/services/state/tree-diff.ts'
import type { StateChange } from '../../../server/src/services/state/tree-update.ts'
import { type Contest, inputOf, type Scale, type Subject, versionOf } from './contest.ts'
import { member, stateKeyText } from './room-events.ts'
import { TreeRoom } from './tree-room.ts'

const CHANGES = 64
const CHANGES_PER_DIFFERENCE = 10

/** The naive room state: a map of its own for every event. */
type NaiveState = ReadonlyMap<string, number>

/** The state after an event, and how two states differ. */
export const stateTree: Subject = {
  name: 'state-tree',
  about:
    'a changed entry of the state and the difference of two states, against maps that are copied and compared whole',
  async contests(scale) {
    const room = new TreeRoom()
    const start = Array.from({ length: scale.entries }, (_, number) => entry(number, number + 1))
    const root = await room.keep(start)
    const naive = naiveUpdate(new Map(), start)
    return [insertContest(scale, room, root, naive), await differenceContest(scale, room, root, naive)]
  },
}

function insertContest({ entries }: Scale, room: TreeRoom, root: number, naive: NaiveState): Contest {
  // Every other change is of somebody who is new.
  const changes = Array.from({ length: CHANGES }, (_, number) =>
    entry(number % 2 === 0 ? entries + number : (number * 31) % entries, entries + number + 1),
  )
  const update = (input: number, nextChunk: number) => {
    return room.tree.update(room.room, root, [inputOf(changes, input)], nextChunk)
  }
  return {
    name: `state after an event, of ${entries} entries`,
    unit: 'changes',
    inputs: CHANGES,
    ours: {
      run: (input) => update(input, room.staged().nextChunk),
      answer: async (input) => {
        const staged = room.staged()
        const changed = staged.add(await update(input, staged.nextChunk))
        const all = await room.tree.entries(room.room, changed)
        staged.discard()
        return new Map(all.map(({ type, stateKey, event }) => [stateKeyText(type, stateKey), event]))
      },
    },
    naive: versionOf((input) => naiveUpdate(naive, [inputOf(changes, input)])),
  }
}

async function differenceContest(
  { entries }: Scale,
  room: TreeRoom,
  root: number,
  naive: NaiveState,
): Promise<Contest> {
  const changed: { readonly root: number; readonly naive: NaiveState }[] = []
  for (let input = 0; input < 4; input++) {
    const changes = Array.from({ length: CHANGES_PER_DIFFERENCE }, (_, number) =>
      entry((input * 1_009 + number * 101) % (entries + 5), entries + number + 1),
    )
    changed.push({ root: await room.keep(changes, root), naive: naiveUpdate(naive, changes) })
  }
  return {
    name: `difference of two states of ${entries} entries`,
    unit: 'differences',
    inputs: changed.length,
    ours: versionOf((input) => room.tree.diff(room.room, root, inputOf(changed, input).root), inOrder),
    naive: versionOf((input) => naiveDifference(naive, inputOf(changed, input).naive), inOrder),
  }
}

function entry(number: number, event: number): StateChange {
  return { type: 'm.room.member', stateKey: member(number), event }
}

function naiveUpdate(state: NaiveState, changes: readonly StateChange[]): NaiveState {
  const copy = new Map(state)
  for (const { type, stateKey, event } of changes) {
    if (event === undefined) copy.delete(stateKeyText(type, stateKey))
    else copy.set(stateKeyText(type, stateKey), event)
  }
  return copy
}

function naiveDifference(before: NaiveState, after: NaiveState): readonly StateDifference[] {
  const differences: StateDifference[] = []
  for (const key of new Set([...before.keys(), ...after.keys()])) {
    if (before.get(key) === after.get(key)) continue
    const [type = '', stateKey = ''] = JSON.parse(key)
    differences.push({ type, stateKey, before: before.get(key), after: after.get(key) })
  }
  return differences
}

function inOrder(differences: readonly StateDifference[]): readonly StateDifference[] {
  return differences.toSorted((a, b) => (a.stateKey < b.stateKey ? -1 : 1))
}
