import {
  compilePushRules,
  defaultPushRules,
  evaluatePush,
  type JsonObject,
  PushAudience,
  type PushMember,
  type PushOutcome,
  type PushRuleset,
  PushSubject,
  type ResolutionEvent,
  type UserId,
} from '@magik/protocol'
import { type Contest, inputOf, type Subject, versionOf } from './contest.ts'
import { naiveOutcome } from './naive-push.ts'
import { MODERATORS, member, RoomEvents } from './room-events.ts'

/** One member in so many has a keyword, and one in so many has turned the room down. */
const KEYWORD_EVERY = 100
const QUIET_EVERY = 50

/** What an event is to each member of a large room. */
export const pushEvaluation: Subject = {
  name: 'push-evaluation',
  about: 'members by classes of equal rules, against every member’s rules one after the other',
  async contests({ members }) {
    const room = new RoomEvents()
    const state = room.found(50)
    const send = (content: JsonObject) =>
      room.build(state, {
        type: 'm.room.message',
        sender: member(MODERATORS),
        content: { msgtype: 'm.text', ...content },
      })
    const events = [
      send({ body: 'Hello, everybody' }),
      send({ body: 'Hello, you', 'm.mentions': { user_ids: [member(7)] } }),
      send({ body: 'The word of the day is cake' }),
      send({ body: 'Fire!', 'm.mentions': { room: true } }),
    ]
    const users = Array.from({ length: members }, (_, number) => member(number))
    const rulesets = users.map((userId, number) => rulesOf(userId, number, room.roomId))
    const audience = new PushAudience()
    for (const [number, userId] of users.entries()) {
      const rules = compilePushRules(inputOf(rulesets, number)).inRoom(room.roomId)
      audience.set({ userId, displayName: `User ${number}`, rules })
    }
    const context = { joinedMembers: members, senderMayNotify: () => true }
    const evaluate = (event: ResolutionEvent) => evaluatePush(new PushSubject(event, context), audience)
    const contest: Contest = {
      name: `push evaluation for ${members} members`,
      unit: 'events',
      inputs: events.length,
      ours: versionOf(
        (input) => evaluate(inputOf(events, input)),
        ({ outcomes, deviating }) => {
          const classes = new Map([...outcomes].map(([{ key }, outcome]) => [key, outcome]))
          return users.map((userId) => textOf(outcomeFor(audience.get(userId), classes, deviating)))
        },
      ),
      naive: versionOf(
        (input) =>
          users.map((userId, number) =>
            naiveOutcome(inputOf(rulesets, number), inputOf(events, input), { ...context, userId }),
          ),
        (outcomes) => outcomes.map(textOf),
      ),
    }
    return [contest]
  },
}

function outcomeFor(
  known: PushMember | undefined,
  classes: ReadonlyMap<string, PushOutcome>,
  deviating: ReadonlyMap<PushMember, PushOutcome>,
): PushOutcome | undefined {
  return known === undefined ? undefined : (deviating.get(known) ?? classes.get(known.rules.class.key))
}

function textOf(outcome: { readonly notify: boolean; readonly highlight: boolean } | undefined): string {
  if (outcome === undefined) return 'unknown'
  return outcome.highlight ? 'highlight' : outcome.notify ? 'notify' : 'nothing'
}

/** The server's rules; a few members have changed them. */
function rulesOf(userId: UserId, number: number, roomId: string): PushRuleset {
  const rules = defaultPushRules(userId)
  const own = { default: false, enabled: true }
  if (number % KEYWORD_EVERY === 1) {
    const actions = ['notify', { set_tweak: 'highlight' }]
    rules.content.push({ ...own, rule_id: 'word', pattern: number % 200 === 1 ? 'cake' : 'tea', actions })
  }
  if (number % QUIET_EVERY === 2) rules.room.push({ ...own, rule_id: roomId, actions: [] })
  return rules
}
