import fc from 'fast-check'
import { expect, test } from 'vitest'
import { naiveActions, naiveOutcome } from '../../test/naive-push.ts'
import { alice, bob, carol, dave, roomVersion, TestRoom } from '../../test/room-builder.ts'
import { isRoomCreator, type JsonObject, PowerLevels, type RoomEvent, type UserId } from '../index.ts'
import { compilePushRules } from './compile-push-rules.ts'
import { defaultPushRules, type PushRule, type PushRuleset } from './default-rules.ts'
import { evaluatePush } from './evaluate-push.ts'
import { PushAudience } from './push-audience.ts'
import { PushSubject } from './push-subject.ts'
import { matchSharedRules } from './shared-rules.ts'

const ROOM = '!room:a.example'
const NAMES = new Map<UserId, string | undefined>([
  [alice, 'Alice'],
  [bob, 'bob b'],
  [carol, undefined],
  [dave, ''],
])

const room = TestRoom.bare(roomVersion('11'))

function event(fields: { type?: string; sender?: UserId; stateKey?: string; content?: JsonObject }): RoomEvent {
  const { type = 'm.room.message', sender = alice, stateKey, content = { msgtype: 'm.text', body: 'hello' } } = fields
  return room.build({ type, sender, content, ...(stateKey !== undefined && { stateKey }) })
}

function context(joinedMembers = 3, allowed: readonly string[] = []) {
  return { joinedMembers, senderMayNotify: (key: string) => allowed.includes(key) }
}

function own(rule: Partial<PushRule>): PushRule {
  return { rule_id: 'own', default: false, enabled: true, actions: ['notify'], ...rule }
}

function withRules(userId: UserId, change: (rules: PushRuleset) => void): PushRuleset {
  const rules = defaultPushRules(userId)
  change(rules)
  return rules
}

function outcomeFor(ruleset: PushRuleset, happened: RoomEvent, owner: UserId, facts = context()) {
  const rules = compilePushRules(ruleset).inRoom(happened.roomId)
  const subject = new PushSubject(happened, facts)
  return rules.outcome(subject, matchSharedRules(subject), { userId: owner, displayName: NAMES.get(owner) })
}

function result(ruleset: PushRuleset, happened: RoomEvent, owner: UserId = bob, facts = context()): string {
  const { notify, highlight } = outcomeFor(ruleset, happened, owner, facts)
  return notify ? (highlight ? 'highlight' : 'notify') : 'nothing'
}

test('by default messages notify, notices, reactions and edits do not', () => {
  const rules = defaultPushRules(bob)
  expect(result(rules, event({}))).toBe('notify')
  expect(result(rules, event({ content: { msgtype: 'm.notice', body: 'hello' } }))).toBe('nothing')
  expect(result(rules, event({ type: 'm.reaction', content: {} }))).toBe('nothing')
  const edit = { msgtype: 'm.text', body: '* x', 'm.relates_to': { rel_type: 'm.replace', event_id: '$e' } }
  expect(result(rules, event({ content: edit }))).toBe('nothing')
  expect(result(rules, event({ type: 'm.room.topic', stateKey: '', content: {} }))).toBe('nothing')
  expect(result(rules, event({ type: 'm.room.tombstone', stateKey: '', content: {} }))).toBe('highlight')
  expect(result(rules, event({ type: 'm.room.tombstone', content: {} }))).toBe('nothing')
})

test('in a room of two a message makes a sound', () => {
  expect(outcomeFor(defaultPushRules(bob), event({}), bob, context(2)).tweaks).toEqual({ sound: 'default' })
  expect(outcomeFor(defaultPushRules(bob), event({}), bob, context(3)).tweaks).toEqual({})
})

test('a mention highlights for the one who is mentioned, an invite notifies the one who is invited', () => {
  const mention = event({ content: { body: 'you', 'm.mentions': { user_ids: [bob] } } })
  expect(result(defaultPushRules(bob), mention)).toBe('highlight')
  expect(result(defaultPushRules(carol), mention, carol)).toBe('notify')
  const invite = event({ type: 'm.room.member', stateKey: bob, content: { membership: 'invite' } })
  expect(result(defaultPushRules(bob), invite)).toBe('notify')
  expect(result(defaultPushRules(carol), invite, carol)).toBe('nothing')
})

test('a mention of the room counts from those who may', () => {
  const mention = event({ content: { body: '@room', 'm.mentions': { room: true } } })
  expect(result(defaultPushRules(bob), mention, bob, context(3, ['room']))).toBe('highlight')
  expect(result(defaultPushRules(bob), mention, bob, context(3))).toBe('notify')
})

test.each(['11', '12'])('who may notify a room is a matter of its power levels (version %s)', (id) => {
  const room = TestRoom.public(roomVersion(id))
  const content = { notifications: { room: 200 }, users: id === '11' ? { [alice]: 100, [bob]: 200 } : { [bob]: 200 } }
  const create = room.stateEvent('m.room.create', '')!.pdu
  const levels = PowerLevels.from(content, create, room.version)
  const may = (userId: UserId) => levels.ofUser(userId) >= levels.forNotification('room')
  expect(may(bob)).toBe(true)
  // in version 12 a creator's power has no limit
  expect(isRoomCreator(alice, create, room.version)).toBe(true)
  expect(may(alice)).toBe(id === '12')
  expect(may(carol)).toBe(false)
})

test('the master switch silences everything, also what the user’s own rules would tell', () => {
  const rules = withRules(bob, (them) => {
    them.override.find(({ rule_id: id }) => id === '.m.rule.master')!.enabled = true
    them.override.unshift(own({ conditions: [] }))
  })
  expect(result(rules, event({}))).toBe('nothing')
})

test('rules of each kind, in the order of the kinds', () => {
  const quiet = { actions: [] }
  const loud = { actions: ['notify', { set_tweak: 'highlight' }] }
  const hello = event({})
  const cases: [Partial<PushRuleset>, string][] = [
    [{ override: [own({ ...quiet, conditions: [] })], content: [own({ ...loud, pattern: 'hello' })] }, 'nothing'],
    [{ content: [own({ ...loud, pattern: 'hello' })], room: [own({ ...quiet, rule_id: ROOM })] }, 'highlight'],
    [{ room: [own({ ...quiet, rule_id: ROOM })], sender: [own({ ...loud, rule_id: alice })] }, 'nothing'],
    [
      { room: [own({ ...quiet, rule_id: '!other:a.example' })], sender: [own({ ...loud, rule_id: alice })] },
      'highlight',
    ],
    [{ sender: [own({ ...loud, rule_id: carol })], underride: [own({ ...quiet, conditions: [] })] }, 'nothing'],
    [{ content: [own({ ...quiet, pattern: 'goodbye' })], sender: [own({ ...loud, rule_id: carol })] }, 'notify'],
  ]
  for (const [added, expected] of cases) {
    const rules = withRules(bob, (them) => {
      for (const [kind, list] of Object.entries(added)) them[kind as keyof PushRuleset].unshift(...list)
    })
    expect(result(rules, hello), JSON.stringify(added)).toBe(expected)
  }
})

test('actions that do nothing, and tweaks', () => {
  const tweaks = (actions: PushRule['actions']) => {
    const rules = withRules(bob, (them) => them.override.unshift(own({ conditions: [], actions })))
    const { notify, highlight, tweaks: found } = outcomeFor(rules, event({}), bob)
    return notify ? { highlight, ...found } : 'nothing'
  }
  expect(tweaks(['dont_notify'])).toBe('nothing')
  expect(tweaks(['coalesce'])).toBe('nothing')
  expect(tweaks([{ set_tweak: 'highlight' }])).toBe('nothing')
  expect(tweaks(['notify', 'dont_notify', { unknown: 1 }])).toEqual({ highlight: false })
  expect(tweaks(['notify', { set_tweak: 'highlight', value: false }])).toEqual({ highlight: false })
  expect(tweaks(['notify', { set_tweak: 'highlight' }, { set_tweak: 'x', value: [1] }])).toEqual({
    highlight: true,
    x: [1],
  })
})

test('conditions: paths with dots, values of every simple type, members, and kinds that nobody knows', () => {
  const happened = event({
    content: { body: 'Cake & tea', 'a.b': { 'c\\d': 'X' }, n: 1, yes: true, nil: null, list: [1, 'two', null, {}] },
  })
  const holds = (...conditions: JsonObject[]) => {
    const rules = withRules(bob, (them) =>
      them.override.unshift(own({ conditions, actions: ['notify', { set_tweak: 'highlight' }] })),
    )
    return result(rules, happened, bob, context(5, ['room'])) === 'highlight'
  }
  expect(holds({ kind: 'event_match', key: 'content.a\\.b.c\\\\d', pattern: 'x' })).toBe(true)
  expect(holds({ kind: 'event_match', key: 'content.a.b.c\\\\d', pattern: 'x' })).toBe(false)
  expect(holds({ kind: 'event_match', key: 'content.n', pattern: '*' })).toBe(false)
  expect(holds({ kind: 'event_match', key: 'content.__proto__', pattern: '*' })).toBe(false)
  expect(holds({ kind: 'event_match', key: 'content.body', pattern: 'cake' })).toBe(true)
  expect(holds({ kind: 'event_match', key: 'content.body', pattern: 'ake' })).toBe(false)
  expect(holds({ kind: 'event_match', key: 'room_id', pattern: '!ROOM*' })).toBe(true)
  expect(holds({ kind: 'event_match', key: 'user_id', pattern: alice })).toBe(true)
  expect(holds({ kind: 'event_match', key: 'content.body' })).toBe(false)
  for (const [key, value] of Object.entries({ n: 1, yes: true, nil: null, body: 'Cake & tea' })) {
    expect(holds({ kind: 'event_property_is', key: `content.${key}`, value })).toBe(true)
    expect(holds({ kind: 'event_property_is', key: `content.${key}`, value: String(value).toUpperCase() })).toBe(false)
  }
  expect(holds({ kind: 'event_property_is', key: 'content.missing', value: null })).toBe(false)
  expect(holds({ kind: 'event_property_is', key: 'content.n' })).toBe(false)
  expect(holds({ kind: 'event_property_contains', key: 'content.list', value: 'two' })).toBe(true)
  expect(holds({ kind: 'event_property_contains', key: 'content.list', value: null })).toBe(true)
  expect(holds({ kind: 'event_property_contains', key: 'content.list', value: 'TWO' })).toBe(false)
  expect(holds({ kind: 'event_property_contains', key: 'content.body', value: 'Cake & tea' })).toBe(false)
  for (const is of ['5', '==5', '<=5', '>=5', '<6', '>4']) expect(holds({ kind: 'room_member_count', is })).toBe(true)
  for (const is of ['4', '<5', '>5', '=5', 'five', '', 5]) expect(holds({ kind: 'room_member_count', is })).toBe(false)
  expect(holds({ kind: 'sender_notification_permission', key: 'room' })).toBe(true)
  expect(holds({ kind: 'sender_notification_permission', key: 'other' })).toBe(false)
  expect(holds({ kind: 'org.example.unknown' })).toBe(false)
  expect(holds({})).toBe(false)
  expect(holds()).toBe(true)
})

test('the display name is looked for as it stands, and no name is found nowhere', () => {
  const rules = (owner: UserId) =>
    withRules(owner, (them) =>
      them.override.unshift(own({ conditions: [{ kind: 'contains_display_name' }], actions: [] })),
    )
  const called = event({ sender: carol, content: { body: 'hey Bob B!' } })
  expect(result(rules(bob), called, bob)).toBe('nothing')
  expect(result(rules(alice), called, alice)).toBe('notify')
  expect(result(rules(dave), called, dave)).toBe('notify')
})

test('users with the same effective rules share a class, whatever they say of other rooms', () => {
  const classOf = (change: (rules: PushRuleset) => void, userId: UserId = bob) =>
    compilePushRules(withRules(userId, change)).inRoom(ROOM).class.key
  const byDefault = classOf(() => undefined)
  expect(classOf(() => undefined, alice)).toBe(byDefault)
  expect(classOf((rules) => rules.content.push(own({ pattern: 'cake' })))).toBe(byDefault)
  expect(classOf((rules) => rules.room.push(own({ rule_id: '!other:a.example', actions: [] })))).toBe(byDefault)
  const muted = classOf((rules) => rules.room.push(own({ rule_id: ROOM, actions: [] })))
  expect(muted).not.toBe(byDefault)
  expect(classOf((rules) => rules.room.push(own({ rule_id: ROOM, actions: ['dont_notify'] })), alice)).toBe(muted)
})

test('rules about different senders are different rules, even if both carry a pattern, which means nothing there', () => {
  const audience = new PushAudience()
  const silencing = (userId: UserId, sender: UserId) => {
    const rules = withRules(userId, ({ sender: rules }) => {
      rules.push(own({ rule_id: sender, pattern: 'same', actions: [] }))
    })
    audience.set({ userId, displayName: undefined, rules: compilePushRules(rules).inRoom(ROOM) })
  }
  silencing(bob, alice)
  silencing(dave, carol)
  const { deviating } = evaluatePush(new PushSubject(event({ sender: carol }), context()), audience)
  expect([...deviating].map(([{ userId }, { notify }]) => [userId, notify])).toEqual([[dave, false]])
})

test('in a room of ten thousand a message is held against classes, not members', () => {
  const compiled = compilePushRules(defaultPushRules(bob))
  const rules = compiled.inRoom(ROOM)
  let looks = 0
  const audience = new PushAudience()
  for (let n = 0; n < 10_000; n += 1) {
    audience.set({
      userId: `@user${n}:a.example`,
      displayName: `user ${n}`,
      rules: {
        class: rules.class,
        personal: rules.personal,
        outcome: (...asked) => {
          looks += 1
          return rules.outcome(...asked)
        },
      },
    })
  }
  const ordinary = evaluatePush(new PushSubject(event({}), context(10_000)), audience)
  expect([...ordinary.outcomes.values()].map(({ notify }) => notify)).toEqual([true])
  expect([ordinary.deviating.size, looks]).toEqual([0, 0])
  // a mention looks at those who are mentioned
  const mention = event({
    content: { body: 'x', 'm.mentions': { user_ids: ['@user7:a.example', '@nobody:a.example'] } },
  })
  const mentioned = evaluatePush(new PushSubject(mention, context(10_000)), audience)
  expect(looks).toBe(1)
  // whose rules name bob here, since they are bob's
  expect(mentioned.deviating.size).toBe(0)
})

// What follows draws users with random rules and events, and asks the specification's text about each of them.

const users = [alice, bob, carol, dave]
const words = fc.constantFrom('cake', 'Tea', 'alice', 'bob b', 'x', 'c?ke', '*a*', '')
const condition: fc.Arbitrary<JsonObject> = fc.oneof(
  fc.record({
    kind: fc.constant('event_match'),
    key: fc.constantFrom(
      'content.body',
      'type',
      'room_id',
      'sender',
      'user_id',
      'content.msgtype',
      'state_key',
      'content.a\\.b',
    ),
    pattern: fc.oneof(words, fc.constantFrom('m.room.*', '!room*', '!other*', alice, bob, '*')),
  }),
  fc.record({
    kind: fc.constantFrom('event_property_is', 'event_property_contains'),
    key: fc.constantFrom('content.n', 'content.list', 'content.m\\.mentions.user_ids', 'content.m\\.mentions.room'),
    value: fc.constantFrom(1, true, null, alice, bob, 'x'),
  }),
  fc.record({ kind: fc.constant('room_member_count'), is: fc.constantFrom('2', '<3', '>=2', '>9', 'many') }),
  fc.constantFrom(
    { kind: 'contains_display_name' },
    { kind: 'sender_notification_permission', key: 'room' },
    { kind: 'unheard of' },
  ),
)
const actions: fc.Arbitrary<PushRule['actions']> = fc.constantFrom(
  [],
  ['notify'],
  ['dont_notify'],
  ['notify', { set_tweak: 'highlight' }],
  ['notify', { set_tweak: 'sound', value: 'x' }],
)
const conditional = fc.record({
  rule_id: fc.constantFrom('one', 'two'),
  default: fc.constant(false),
  enabled: fc.boolean(),
  conditions: fc.array(condition, { maxLength: 3 }),
  actions,
})
const ruleOf = (ruleId: fc.Arbitrary<string>) =>
  fc.record({ rule_id: ruleId, default: fc.constant(false), enabled: fc.boolean(), pattern: words, actions })
const customisation = fc.record({
  override: fc.array(conditional, { maxLength: 2 }),
  content: fc.array(ruleOf(fc.constant('word')), { maxLength: 2 }),
  room: fc.array(ruleOf(fc.constantFrom(ROOM, '!other:a.example')), { maxLength: 1 }),
  sender: fc.array(ruleOf(fc.constantFrom<string[]>(...users)), { maxLength: 1 }),
  underride: fc.array(conditional, { maxLength: 2 }),
  switched: fc.array(fc.record({ index: fc.nat(14), actions: fc.option(actions) }), { maxLength: 2 }),
})
const content = fc.record(
  {
    body: fc.array(words, { maxLength: 4 }).map((parts) => parts.join(' ')),
    msgtype: fc.constantFrom('m.text', 'm.notice'),
    'a.b': words,
    n: fc.constantFrom(1, true, 'x', null),
    list: fc.array(fc.constantFrom(1, true, 'x', null)),
    membership: fc.constantFrom('join', 'invite', 'leave'),
    'm.mentions': fc.record({ user_ids: fc.subarray<string>(users), room: fc.boolean() }, { requiredKeys: [] }),
    'm.relates_to': fc.constant({ rel_type: 'm.replace', event_id: '$e' }),
  },
  { requiredKeys: [] },
)
const happening = fc.record(
  {
    type: fc.constantFrom(
      'm.room.message',
      'm.room.message',
      'm.room.member',
      'm.reaction',
      'm.room.encrypted',
      'm.room.tombstone',
    ),
    sender: fc.constantFrom(...users),
    stateKey: fc.constantFrom<string[]>('', ...users),
    content,
  },
  { requiredKeys: ['type', 'sender', 'content'] },
)

test('the evaluation by classes says of every member what the specification’s text says', () => {
  fc.assert(
    fc.property(
      fc.array(customisation, { minLength: 4, maxLength: 4 }),
      fc.array(happening, { minLength: 3, maxLength: 3 }),
      fc.constantFrom(2, 3),
      fc.boolean(),
      (customisations, happenings, joinedMembers, mayNotify) => {
        const rulesets = new Map(users.map((userId, index) => [userId, customise(userId, customisations[index]!)]))
        const audience = new PushAudience()
        for (const [userId, ruleset] of rulesets) {
          audience.set({ userId, displayName: NAMES.get(userId), rules: compilePushRules(ruleset).inRoom(ROOM) })
        }
        const facts = context(joinedMembers, mayNotify ? ['room'] : [])
        for (const fields of happenings) {
          const happened = event(fields)
          const { outcomes, deviating } = evaluatePush(new PushSubject(happened, facts), audience)
          for (const [userId, ruleset] of rulesets) {
            const outcome = deviating.get(audience.get(userId)!) ?? outcomes.get(classOf(audience, userId, outcomes))!
            const owner = { userId, displayName: NAMES.get(userId) }
            const expected = naiveOutcome(naiveActions(ruleset, happened, facts, owner))
            expect({ notify: outcome.notify, highlight: outcome.highlight }).toEqual(expected)
          }
        }
      },
    ),
    { numRuns: 1_000 },
  )
})

function classOf<T extends { key: string }>(
  audience: PushAudience,
  userId: UserId,
  outcomes: ReadonlyMap<T, unknown>,
): T {
  const { key } = audience.get(userId)!.rules.class
  return [...outcomes.keys()].find((candidate) => candidate.key === key)!
}

function customise(
  userId: UserId,
  { switched, ...added }: typeof customisation extends fc.Arbitrary<infer T> ? T : never,
) {
  return withRules(userId, (rules) => {
    const defaults = [...rules.override, ...rules.underride]
    for (const { index, actions: others } of switched) {
      const rule = defaults[index]!
      if (others === null) rule.enabled = !rule.enabled
      else rule.actions = others
    }
    for (const kind of ['override', 'content', 'room', 'sender', 'underride'] as const)
      rules[kind].unshift(...added[kind])
  })
}
