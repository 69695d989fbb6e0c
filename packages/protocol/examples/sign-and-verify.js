// A server makes a room: its first event is hashed, signed and named; another server checks it.
import assert from 'node:assert/strict'
import {
  contentHashMatches,
  DEFAULT_ROOM_VERSION,
  eventIdOf,
  generateSigningKey,
  parseJson,
  parsePdu,
  parseServerName,
  parseUserId,
  redact,
  signEvent,
  stringifyJson,
  verifyEventSignature,
} from '@magik/protocol'

const version = DEFAULT_ROOM_VERSION
const server = parseServerName('a.example')
const key = generateSigningKey()

const { eventId, roomId, pdu } = signEvent(
  {
    type: 'm.room.create',
    sender: parseUserId('@alice:a.example'),
    state_key: '',
    content: { room_version: version.id },
    prev_events: [],
    auth_events: [],
    depth: 1,
    origin_server_ts: 1_700_000_000_000,
  },
  server,
  key,
  version,
)
// From version 12 on the room's ID is that of its create event.
assert.equal(roomId, `!${eventId.slice(1)}`)

// What arrives elsewhere is bytes.
const bytes = new TextEncoder().encode(stringifyJson(pdu))
const received = parsePdu(parseJson(bytes), version)
assert.equal(eventIdOf(received, version), eventId)
assert.ok(contentHashMatches(received, version))
assert.ok(verifyEventSignature(received, server, { keyId: key.keyId, publicKey: key.publicKey }, version))

// Somebody on the way changed it: the hash tells.
const altered = { ...received, content: { ...received.content, 'm.federate': false } }
assert.ok(!contentHashMatches(altered, version))
// ID and signature cover what a redaction leaves, so that a redacted event can still be checked.
assert.equal(eventIdOf(redact(received, version), version), eventId)

console.log(`${eventId} is signed by ${server}`)
