// Who may do what in a room: the authorisation rules on the room's state.
import assert from 'node:assert/strict'
import {
  authEventKeys,
  authStateOf,
  checkAuthRules,
  DEFAULT_ROOM_VERSION,
  generateSigningKey,
  PowerLevels,
  parseUserId,
  serverNameOf,
  signEvent,
} from '@magik/protocol'

const version = DEFAULT_ROOM_VERSION
const key = generateSigningKey()
const alice = parseUserId('@alice:a.example')
const bob = parseUserId('@bob:b.example')

// The room so far, as a line of events.
const events = []

/** Builds the room's next event and asks the rules; an event they allow becomes part of the room. */
function send(sender, type, content, stateKey) {
  const [create] = events
  const state = events.map(({ pdu }) => pdu).reverse() // of two events with one key the newer counts
  const draft = {
    type,
    sender,
    content,
    ...(stateKey !== undefined && { state_key: stateKey }),
    ...(create !== undefined && { room_id: create.roomId }),
    prev_events: events.slice(-1).map(({ eventId }) => eventId),
    depth: events.length + 1,
    origin_server_ts: 1_700_000_000_000 + events.length,
  }
  const authEvents = authEventKeys(draft, version).flatMap(([authType, authKey]) => {
    const found = events.findLast(({ pdu }) => pdu.type === authType && pdu.state_key === authKey)
    return found === undefined ? [] : [found.eventId]
  })
  const event = signEvent({ ...draft, auth_events: authEvents }, serverNameOf(sender), key, version)
  const verdict = checkAuthRules(event, authStateOf(state.filter((pdu) => pdu.state_key !== undefined)), version)
  if (verdict.allowed) events.push(event)
  return verdict
}

assert.ok(send(alice, 'm.room.create', { room_version: version.id }, '').allowed)
assert.ok(send(alice, 'm.room.member', { membership: 'join' }, alice).allowed)
assert.ok(send(alice, 'm.room.power_levels', { events: { 'm.room.name': 50 } }, '').allowed)

// Without an invite, or a rule that opens the room, nobody else comes in.
const refused = send(bob, 'm.room.member', { membership: 'join' }, bob)
assert.ok(!refused.allowed)
console.log(`refused by rule ${refused.rule}: ${refused.reason}`)

assert.ok(send(alice, 'm.room.member', { membership: 'invite' }, bob).allowed)
assert.ok(send(bob, 'm.room.member', { membership: 'join' }, bob).allowed)
assert.ok(send(bob, 'm.room.message', { msgtype: 'm.text', body: 'hello' }).allowed)
assert.ok(!send(bob, 'm.room.name', { name: "Bob's room" }, '').allowed)

const levels = PowerLevels.from(events[2].pdu.content, events[0].pdu, version)
assert.equal(levels.ofUser(bob), 0)
assert.equal(levels.forEvent('m.room.name', true), 50)
console.log(`the room has ${events.length} events`)
