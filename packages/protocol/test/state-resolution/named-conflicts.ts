import type { JsonObject, RoomVersion, UserId } from '../../src/index.ts'
import type { DrawnConflict } from './arbitrary-graph.ts'
import { keyOf, type State } from './reference.ts'
import { EMPTY_FORK, type Fork, type GraphEvent, RoomGraph, users } from './room-graph.ts'

export const [alice, bob, carol, dave, erin] = users as [UserId, UserId, UserId, UserId, UserId]

/** What people do in a room. */
export const create: GraphEvent = {
  type: 'm.room.create',
  sender: alice,
  stateKey: '',
  content: { creator: alice },
}

export function member(
  target: UserId,
  membership: string,
  sender: UserId = target,
  extra: JsonObject = {},
): GraphEvent {
  return { type: 'm.room.member', sender, stateKey: target, content: { membership, ...extra } }
}

export function topic(sender: UserId, text: string): GraphEvent {
  return { type: 'm.room.topic', sender, stateKey: '', content: { topic: text } }
}

export function joinRule(sender: UserId, rule: string): GraphEvent {
  return { type: 'm.room.join_rules', sender, stateKey: '', content: { join_rule: rule } }
}

/** A room with the verbs of a story; who founds it stands at 100, or beyond where creators do. */
export class Story {
  readonly graph: RoomGraph
  constructor(version: RoomVersion) {
    this.graph = new RoomGraph(version)
  }

  levels(sender: UserId, levels: Readonly<Record<UserId, number>>): GraphEvent {
    const founder = this.graph.version.creatorPower === 'infinite' ? {} : { [alice]: 100 }
    return { type: 'm.room.power_levels', sender, stateKey: '', content: { users: { ...founder, ...levels } } }
  }

  /** A public room of alice's, with others at their levels. */
  found(levels: Readonly<Record<UserId, number>> = {}, members: readonly UserId[] = []): Fork {
    const joins = members.map((user) => member(user, 'join'))
    const levelsOfRoom = this.levels(alice, levels)
    return this.on(EMPTY_FORK, create, member(alice, 'join'), levelsOfRoom, joinRule(alice, 'public'), ...joins)
  }

  /** Sends events one after the other. @throws if the room does not allow one. */
  on(fork: Fork, ...events: readonly GraphEvent[]): Fork {
    return events.reduce((at, event) => this.graph.send(at, event), fork)
  }

  conflict(...forks: readonly (Fork | State)[]): DrawnConflict {
    return { graph: this.graph, states: forks.map((fork) => ('state' in fork ? fork.state : fork)) }
  }
}

/** A state with the entry of another, as a server that was misinformed would tell it. */
export function withEntryOf(fork: Fork, other: Fork, type: string, stateKey = ''): State {
  const state = new Map(fork.state)
  const eventId = other.state.get(keyOf(type, stateKey))
  if (eventId === undefined) state.delete(keyOf(type, stateKey))
  else state.set(keyOf(type, stateKey), eventId)
  return state
}

/** Conflicts that are known to go wrong where an algorithm is not quite right. */
export function namedConflicts(version: RoomVersion): Record<string, DrawnConflict> {
  return Object.fromEntries(Object.entries(CONFLICTS).map(([name, conflict]) => [name, conflict(new Story(version))]))
}

const CONFLICTS: Readonly<Record<string, (story: Story) => DrawnConflict>> = {
  'a ban and a rename of the banned': (story) => {
    const start = story.found({ [bob]: 50 }, [bob, carol])
    return story.conflict(
      story.on(start, member(carol, 'ban', bob)),
      story.on(start, member(carol, 'join', carol, { displayname: 'Carol' })),
    )
  },
  'a ban and a topic of the banned': (story) => {
    const start = story.found({ [bob]: 100, [carol]: 50 }, [bob, carol])
    return story.conflict(
      story.on(start, member(carol, 'ban', bob)),
      story.on(start, topic(carol, 'carol was here'), topic(carol, 'twice')),
    )
  },
  'a ban and a promotion by the banned': (story) => {
    const start = story.found({ [bob]: 50, [carol]: 50 }, [bob, carol, dave])
    return story.conflict(
      story.on(start, { ...story.levels(bob, { [bob]: 50, [carol]: 50, [dave]: 25 }), ts: 5_000 }),
      story.on(start, { ...member(bob, 'ban', alice), ts: 6_000 }),
    )
  },
  'two demote each other': (story) => {
    const start = story.found({ [bob]: 50, [carol]: 50, [dave]: 100 }, [bob, carol, dave])
    return story.conflict(
      story.on(start, story.levels(dave, { [carol]: 50, [dave]: 100 })),
      story.on(start, story.levels(bob, { [bob]: 0, [carol]: 50, [dave]: 100 })),
      story.on(start, topic(carol, 'meanwhile')),
    )
  },
  'a room closes while somebody joins': (story) => {
    const start = story.found({ [bob]: 50 }, [bob])
    return story.conflict(story.on(start, joinRule(alice, 'invite')), story.on(start, member(carol, 'join')))
  },
  'topics across a demotion': (story) => {
    const start = story.on(story.found({ [bob]: 50 }, [bob]), topic(alice, 'first'))
    const demoted = story.on(start, topic(alice, 'second'), story.levels(alice, { [bob]: 0 }))
    return story.conflict(
      story.on(demoted, topic(alice, 'third'), story.levels(alice, { [bob]: 50 })),
      story.on(start, topic(bob, 'by bob'), topic(bob, 'by bob again')),
    )
  },
  'the sender of the join rules has left': (story) => {
    const start = story.found({ [bob]: 100 }, [bob])
    // In version 12 alice's power does not depend on it, in version 11 she has it from the levels.
    const closed = story.on(start, joinRule(alice, 'invite'), member(alice, 'leave'))
    return story.conflict(closed, withEntryOf(closed, start, 'm.room.join_rules'))
  },
  'power levels of long ago': (story) => {
    const start = story.found({}, [bob, carol])
    const promoted = story.on(start, story.levels(alice, { [bob]: 50 }), story.levels(bob, { [bob]: 50, [carol]: 50 }))
    const oldAuth = ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'].flatMap((type) =>
      type === 'm.room.create' && story.graph.version.createEventIn === 'room-id'
        ? []
        : (start.state.get(keyOf(type, '')) ?? []),
    )
    const joined = story.on(promoted, member(erin, 'join'))
    const renamed = story.graph.force(joined, {
      ...member(erin, 'join', erin, { displayname: 'Erin' }),
      authEvents: [...oldAuth, joined.state.get(keyOf('m.room.member', erin))!],
    })
    return story.conflict(withEntryOf(renamed, start, 'm.room.power_levels'), story.on(promoted, member(dave, 'join')))
  },
  'a rejected topic in one state': (story) => {
    const start = story.found({ [bob]: 50 }, [bob])
    return story.conflict(story.graph.force(start, topic(bob, 'rejected'), 'auth-events'), start)
  },
  'a rejected promotion among auth events': (story) => {
    const start = story.found({}, [bob, carol])
    const promoted = story.graph.force(start, story.levels(carol, { [bob]: 50 }), 'auth-events')
    return story.conflict(start, withEntryOf(start, story.graph.force(promoted, topic(bob, 'by bob')), 'm.room.topic'))
  },
  'a fork that knows nobody': (story) => {
    const start = story.found({ [bob]: 50 }, [bob, carol])
    const founded = new Map([...start.state].filter(([key]) => key === keyOf('m.room.create', '')))
    return story.conflict(story.on(start, topic(bob, 'hello')), founded)
  },
}
