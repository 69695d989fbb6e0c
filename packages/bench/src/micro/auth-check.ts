import { authEventKeys, checkAuthRules, type Pdu, type ResolutionEvent, type Verdict } from '@magik/protocol'
import { type Contest, inputOf, type Subject, versionOf } from './contest.ts'
import { creator, type EventParts, MODERATORS, member, RoomEvents, stateKeyText } from './room-events.ts'
import { TreeRoom } from './tree-room.ts'

/** Whether an event may follow the state of a large room. */
export const authCheck: Subject = {
  name: 'auth-check',
  about: 'the rules over the few entries that they ask for, against the rules over a copy of the whole state',
  async contests({ members }) {
    const events = new RoomEvents()
    const state = events.found(members)
    const candidates = partsOf(members).map((parts) => events.build(state, parts))
    const { version } = events
    const pdus: Pdu[] = []
    const naiveState = new Map<string, Pdu>()
    const changes = [...state].map(([key, eventId]) => {
      const pdu = pduOf(events, eventId)
      naiveState.set(key, pdu)
      return { type: pdu.type, stateKey: pdu.state_key ?? '', event: pdus.push(pdu) }
    })
    const room = new TreeRoom()
    const root = await room.keep(changes)
    const ours = async (event: ResolutionEvent): Promise<Verdict> => {
      const keys = [...authEventKeys(event.pdu, version), ['m.room.create', ''] as const]
      const found = await room.tree.getMany(
        room.room,
        root,
        keys.map(([type, stateKey]) => ({ type, stateKey })),
      )
      const lookup = new Map(
        keys.map(([type, stateKey], index) => [stateKeyText(type, stateKey), pdus[(found[index] ?? 0) - 1]]),
      )
      return checkAuthRules(event, (type, stateKey) => lookup.get(stateKeyText(type, stateKey)), version)
    }
    const naive = (event: ResolutionEvent): Verdict => {
      const before = new Map(naiveState)
      return checkAuthRules(event, (type, stateKey) => before.get(stateKeyText(type, stateKey)), version)
    }
    const contest: Contest = {
      name: `auth check in a room of ${members} members`,
      unit: 'checks',
      inputs: candidates.length,
      ours: versionOf((input) => ours(inputOf(candidates, input))),
      naive: versionOf((input) => naive(inputOf(candidates, input))),
    }
    return [contest]
  },
}

function pduOf(events: RoomEvents, eventId: ResolutionEvent['eventId']): Pdu {
  const event = events.all.get(eventId)
  if (event === undefined) throw new Error(`there is no event ${eventId}`)
  return event.pdu
}

/** Events that the rules allow, and some that they refuse. */
function partsOf(members: number): readonly EventParts[] {
  const [moderator, speaker, stranger] = [member(0), member(MODERATORS), member(members)]
  const membership = (sender: EventParts['sender'], target: EventParts['sender'], to: string): EventParts => ({
    type: 'm.room.member',
    sender,
    stateKey: target,
    content: { membership: to },
  })
  const message = (sender: EventParts['sender']): EventParts => ({
    type: 'm.room.message',
    sender,
    content: { msgtype: 'm.text', body: 'Hello' },
  })
  const topic = (sender: EventParts['sender']): EventParts => ({
    type: 'm.room.topic',
    sender,
    stateKey: '',
    content: { topic: 'Another' },
  })
  return [
    message(speaker),
    message(stranger),
    membership(stranger, stranger, 'join'),
    membership(speaker, speaker, 'leave'),
    membership(moderator, speaker, 'ban'),
    membership(speaker, moderator, 'leave'),
    topic(moderator),
    topic(speaker),
    { type: 'm.room.power_levels', sender: creator, stateKey: '', content: { users: { [moderator]: 60 } } },
  ]
}
