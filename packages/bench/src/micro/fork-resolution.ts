import type { EventId, JsonObject, ResolutionEvent, UserId } from '@magik/protocol'
import { EventReader } from '../../../server/src/services/events/event-reader.ts'
import { ForkResolver } from '../../../server/src/services/events/fork-resolver.ts'
import { authIndexOf } from './auth-index.ts'
import { type Contest, type Scale, type Subject, versionOf } from './contest.ts'
import { NaiveResolution } from './naive-resolution.ts'
import { creator, MODERATORS, member, RoomEvents, type StateMap, stateKeyText } from './room-events.ts'
import { storedEvents } from './stored-events.ts'
import { TreeRoom } from './tree-room.ts'

/** What the forks are made of. */
interface Story {
  readonly name: string
  /** Does what happens on the fork of a number. */
  tell(fork: number, send: (type: string, sender: UserId, stateKey: string, content: JsonObject) => void): void
}

const rename = (displayname: string): JsonObject => ({ membership: 'join', displayname })

const STORIES: readonly Story[] = [
  {
    name: 'a change or two each',
    tell(fork, send) {
      const [moderator, speaker] = [member(fork % MODERATORS), member(MODERATORS + fork)]
      send('m.room.member', speaker, speaker, rename(`Renamed ${fork}`))
      if (fork % 3 === 0) send('m.room.topic', moderator, '', { topic: `Topic of ${fork}` })
      if (fork % 10 === 4) send('m.room.member', moderator, member(MODERATORS + 500 + fork), { membership: 'ban' })
      if (fork % 10 === 7) send('m.room.power_levels', creator, '', { users: levels(50 + fork) })
    },
  },
  {
    name: 'changes upon changes',
    tell(fork, send) {
      const [moderator, speaker] = [member(fork % MODERATORS), member(MODERATORS + fork)]
      for (const time of ['once', 'twice', 'again']) send('m.room.member', speaker, speaker, rename(`${fork} ${time}`))
      send('m.room.power_levels', creator, '', { users: levels(50 + fork) })
      send('m.room.power_levels', creator, '', { users: levels(51 + fork) })
      send('m.room.topic', moderator, '', { topic: `Topic of ${fork}` })
    },
  },
]

function levels(level: number): JsonObject {
  return Object.fromEntries(Array.from({ length: MODERATORS }, (_, number) => [member(number), level]))
}

/** The state of a room whose graph has many ends. */
export const forkResolution: Subject = {
  name: 'fork-resolution',
  about: 'what the forks’ trees differ in, against every fork’s whole state and whole auth chain',
  async contests(scale) {
    const contests: Contest[] = []
    for (const story of STORIES) contests.push(await contestOf(scale, story))
    return contests
  },
}

async function contestOf({ entries, forks }: Scale, story: Story): Promise<Contest> {
  const events = new RoomEvents()
  const start = events.found(entries)
  const states: StateMap[] = []
  const changed: ResolutionEvent[][] = []
  for (let fork = 0; fork < forks; fork++) {
    const state = new Map(start)
    const sent: ResolutionEvent[] = []
    story.tell(fork, (type, sender, stateKey, content) => {
      sent.push(events.send(state, { type, sender, stateKey, content }))
    })
    states.push(state)
    changed.push(sent)
  }
  const create = start.get(stateKeyText('m.room.create', ''))
  if (create === undefined) throw new Error('the room has no create event')
  const naive = new NaiveResolution(events.all, create, events.version)

  const room = new TreeRoom()
  const { store, numberOf, idOf } = storedEvents(events, room.room)
  const changesOf = (sent: Iterable<ResolutionEvent>) =>
    Array.from(sent, ({ eventId, pdu }) => ({
      type: pdu.type,
      stateKey: pdu.state_key ?? '',
      event: numberOf(eventId),
    }))
  const before = await room.keep(changesOf(Array.from(start.values(), (eventId) => eventOf(events, eventId))))
  const roots: number[] = []
  for (const sent of changed) roots.push(await room.keep(changesOf(sent), before))
  const index = authIndexOf(events, numberOf)
  const resolver = new ForkResolver({
    tree: room.tree,
    events: new EventReader({ store, cacheBytes: 104_857_600 }),
    authIndexes: { forStates: async () => index },
  })
  const forked = { roomNid: room.room, roomId: events.roomId, version: events.version }
  return {
    name: `${forks} forks of ${entries} entries, ${story.name}`,
    unit: 'resolutions',
    inputs: 1,
    ours: {
      run: async () => {
        const staged = room.staged()
        await resolver.resolve(forked, roots, staged)
        staged.discard()
      },
      answer: async () => {
        const staged = room.staged()
        const root = await resolver.resolve(forked, roots, staged)
        const resolved = await room.tree.entries(room.room, root)
        staged.discard()
        return new Map(resolved.map(({ type, stateKey, event }) => [stateKeyText(type, stateKey), idOf(event)]))
      },
    },
    naive: versionOf(() => naive.resolve(states)),
  }
}

function eventOf(events: RoomEvents, eventId: EventId): ResolutionEvent {
  const event = events.all.get(eventId)
  if (event === undefined) throw new Error(`there is no event ${eventId}`)
  return event
}
