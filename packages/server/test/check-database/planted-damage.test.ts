import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { JsonObject } from '@magik/protocol'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { joining, OtherServer, otherUser, publicRoom } from '../auth-chains/other-server.ts'
import { ALICE, message } from '../regressions/core.ts'
import { VirtualServer } from '../simulation/virtual-server.ts'
import { checkFile } from './checked.ts'

let folder: string
let sound: string

/** A room with members of two servers, some of whom left, a redaction, and forks that have been resolved. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'magik-check-'))
  const server = await VirtualServer.start('example.org', folder)
  sound = join(folder, 'example.org.db')
  const { core } = server
  server.roomSeed = 'room'
  const roomId = await publicRoom(core, ALICE, 3, '11')
  const other = new OtherServer(core, roomId)
  const topic = (text: string): JsonObject => ({ topic: text })
  await core.eventSender.send(roomId, { type: 'm.room.topic', stateKey: '', content: topic('one'), sender: ALICE })
  const { eventId: start } = await core.eventSender.send(roomId, message('redact me'))
  await core.eventSender.send(roomId, { type: 'm.room.redaction', redacts: start, content: {}, sender: ALICE })
  await core.eventSender.send(roomId, { type: 'm.room.topic', stateKey: '', content: topic('two'), sender: ALICE })
  await other.send({ ...joining(otherUser(0)), content: { membership: 'leave' } }, [start])
  await other.send(joining(otherUser(1), 'New'), [start])
  await core.authCover.catchUp()
  await core.eventSender.send(roomId, message('the last one'))
  await core.authCover.stop()
  await server.stop()
})

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Checks a copy of the database with some damage, if asked to repairing it. */
async function checkDamaged(damage: string, rebuild: boolean) {
  const path = join(mkdtempSync(join(folder, 'damaged-')), 'homeserver.db')
  copyFileSync(sound, path)
  const database = new DatabaseSync(path)
  database.exec(damage)
  database.close()
  return { path, ...(await checkFile(path, { rebuild })) }
}

const TOPIC = `(SELECT max(event_nid) FROM events WHERE type = 'm.room.topic')`
const LAST = `(SELECT max(event_nid) FROM events)`
const REDACTED = `(SELECT event_nid FROM events WHERE redacted_by IS NOT NULL)`

interface Damage {
  readonly kind: string
  readonly sql: string
  readonly says: RegExp
}

/** What cannot be had from anything else. */
const lasting: readonly Damage[] = [
  {
    kind: 'a state that lacks its event',
    sql: `UPDATE events SET state_after = state_before WHERE event_nid = ${TOPIC}`,
    says: /the state after it does not hold it/,
  },
  {
    kind: 'a state that lacks other entries',
    sql: `UPDATE events SET state_before = (SELECT min(state_before) FROM events WHERE state_before > 0) WHERE event_nid = ${TOPIC}`,
    says: /differs in \d+ other entries: m\.room/,
  },
  {
    kind: 'a message that changes the state',
    sql: `UPDATE events SET state_after = (SELECT min(state_after) FROM events) WHERE event_nid = ${LAST}`,
    says: /the state after it is not the one before it/,
  },
  {
    kind: 'a lost chunk',
    sql: 'DELETE FROM state_nodes WHERE chunk_id = (SELECT max(chunk_id) FROM state_nodes)',
    says: /cannot be read/,
  },
  {
    kind: 'a damaged chunk',
    sql: 'UPDATE state_nodes SET bytes = zeroblob(20) WHERE chunk_id = 3',
    says: /cannot be read/,
  },
  {
    kind: 'a chunk beyond the free ones',
    sql: 'UPDATE room_heads SET next_chunk = 3',
    says: /its state tree has chunk \d+, and 3 counts as free/,
  },
  {
    kind: 'an old state as the current one',
    sql: 'UPDATE room_heads SET state_root = (SELECT root FROM room_states ORDER BY position LIMIT 1 OFFSET 3)',
    says: /its current state is not what its forward extremities resolve to/,
  },
  {
    kind: 'a lost state of the history',
    sql: 'DELETE FROM room_states WHERE position = (SELECT max(position) FROM room_states)',
    says: /the newest of its history is/,
  },
  {
    kind: 'a lost forward extremity',
    sql: `UPDATE room_heads SET forward_extremities = '[]'`,
    says: /is a forward extremity, and is not said to be one/,
  },
  {
    kind: 'a false forward extremity',
    sql: `UPDATE room_heads SET forward_extremities = json_insert(forward_extremities, '$[#]', json_array(event_nid, event_id)) FROM (SELECT event_nid, event_id FROM events WHERE event_nid = ${REDACTED})`,
    says: /is no forward extremity, and is said to be one/,
  },
  { kind: 'a room without a head', sql: 'DELETE FROM room_heads', says: /it has no head/ },
  {
    kind: 'a depth that is too small',
    sql: `UPDATE events SET depth = 2 WHERE event_nid = ${LAST}`,
    says: /its depth 2 is not above that of its parent/,
  },
  {
    kind: 'a head that is too shallow',
    sql: 'UPDATE room_heads SET depth = 2',
    says: /its greatest depth is \d+, its head says 2/,
  },
  {
    kind: 'a stream ahead of its log',
    sql: 'UPDATE stream SET position = position + 5',
    says: /it ends at position \d+, the stream is at/,
  },
  { kind: 'a gap in the log', sql: 'DELETE FROM changes WHERE position = 4', says: /position 4 is missing/ },
  {
    kind: 'a change of another event',
    sql: `UPDATE changes SET ref = ${TOPIC} WHERE position = 4`,
    says: /position 4 is of event number \d+, which is at \d+/,
  },
  {
    kind: 'numbers that are given twice',
    sql: `UPDATE numbers SET next = 1 WHERE kind = 'event'`,
    says: /numbers of kind event: \d+ is in use, and 1 counts as free/,
  },
  {
    kind: 'JSON that cannot be read',
    sql: `UPDATE events SET json = '{' WHERE event_nid = ${LAST}`,
    says: /its JSON cannot be read/,
  },
  {
    kind: 'JSON of another event',
    sql: `UPDATE events SET json = json_set(json, '$.content.body', 'forged', '$.depth', 999) WHERE event_nid = ${LAST}`,
    says: /its ID is not that of its JSON/,
  },
  { kind: 'a lost sender', sql: `DELETE FROM users WHERE user_id LIKE '@user2:%'`, says: /its sender is not known/ },
  { kind: 'a lost room', sql: 'DELETE FROM rooms', says: /its room is not known/ },
  {
    kind: 'an unknown status',
    sql: `UPDATE events SET status = 9, position = NULL WHERE event_nid = ${LAST}`,
    says: /its status is 9/,
  },
  {
    kind: 'an outlier with a place',
    sql: `UPDATE events SET status = 3 WHERE event_nid = ${LAST}`,
    says: /it is an outlier with a state/,
  },
]

/** What is derived. */
const repairable: readonly Damage[] = [
  {
    kind: 'a false backward extremity',
    sql: `INSERT INTO backward_extremities SELECT room_nid, '$nothing', 3 FROM rooms`,
    says: /\$nothing is no backward extremity/,
  },
  {
    kind: 'a lost membership',
    sql: `DELETE FROM memberships WHERE user_nid = (SELECT user_nid FROM users WHERE user_id LIKE '@user2:%')`,
    says: /@user2:other\.example in room .*: join by event number \d+, and not listed/,
  },
  {
    kind: 'a wrong membership',
    sql: `UPDATE memberships SET membership = 'ban' WHERE user_nid = (SELECT user_nid FROM users WHERE user_id LIKE '@user2:%')`,
    says: /join by event number \d+, and listed as ban/,
  },
  {
    kind: 'a membership of somebody else',
    sql: `INSERT INTO users VALUES (4000, '@nobody:example.org'); UPDATE numbers SET next = 5000 WHERE kind = 'user'; INSERT INTO memberships SELECT room_nid, 4000, 'join', 1, 1, 1, 0 FROM rooms`,
    says: /@nobody:example\.org in room .*: listed as join, and not in the room's state/,
  },
  {
    kind: 'a server counted wrongly',
    sql: 'UPDATE joined_servers SET joined_members = 7',
    says: /other\.example has 2 joined members and is listed with 7/,
  },
  {
    kind: 'a lost server',
    sql: 'DELETE FROM joined_servers',
    says: /other\.example has 2 joined members and is not listed/,
  },
  {
    kind: 'members counted wrongly',
    sql: 'UPDATE room_heads SET joined_members = 77',
    says: /it has 3 joined and 0 invited members, its head says 77 and 0/,
  },
  {
    kind: 'a redaction without effect',
    sql: 'UPDATE events SET redacted_by = NULL',
    says: /it is not marked as redacted/,
  },
  {
    kind: 'a redaction of another event',
    sql: `UPDATE events SET redacted_by = ${TOPIC} WHERE event_nid = ${LAST}`,
    says: /is said to redact it, and does not/,
  },
  {
    kind: 'a redaction that is not listed',
    sql: 'DELETE FROM redactions',
    says: /it is not listed among the redactions of/,
  },
  {
    kind: 'a redaction by nothing',
    sql: `INSERT INTO redactions SELECT room_nid, '$nothing', 987654 FROM rooms`,
    says: /event number 987654 is to redact \$nothing, and is not known/,
  },
  {
    kind: 'a lost auth edge',
    sql: 'DELETE FROM auth_edges WHERE citing_nid = (SELECT max(citing_nid) FROM auth_edges)',
    says: /auth edges; the events that are covered have/,
  },
  {
    kind: 'a false auth edge',
    sql: `UPDATE auth_edges SET cited_nid = ${TOPIC} WHERE citing_nid = (SELECT max(citing_nid) FROM auth_edges) AND cited_nid = (SELECT max(cited_nid) FROM auth_edges WHERE citing_nid = (SELECT max(citing_nid) FROM auth_edges))`,
    says: /which does not cite it/,
  },
  {
    kind: 'a wrong depth in an auth chain',
    sql: `UPDATE auth_chains SET depth = depth + 1 WHERE event_nid = ${TOPIC}`,
    says: /in its auth chain instead of/,
  },
  { kind: 'lost links', sql: 'DELETE FROM auth_chain_links', says: /no link leads from event number/ },
  {
    kind: 'a lost place in a chain',
    sql: 'DELETE FROM auth_chains WHERE chain_id = 1 AND seq = 2',
    says: /chain 1 has a gap before 3/,
  },
  { kind: 'chains given twice', sql: 'UPDATE auth_cover SET next_chain = 1', says: /is in use, and 1 counts as free/ },
  {
    kind: 'rows of a room that does not exist',
    sql: `INSERT INTO memberships VALUES (999, 1, 'join', 1, 1, 1, 0)`,
    says: /table memberships: 1 rows are of rooms that do not exist/,
  },
]

test('nothing is found before anything is damaged', async () => {
  expect((await checkDamaged('SELECT 1', false)).lines).toEqual([])
})

describe('what cannot be had from anything else is told, and said not to be repaired', () => {
  test.each(lasting)('$kind', async ({ sql, says }) => {
    const { lines } = await checkDamaged(sql, false)
    expect(lines.join('\n')).toMatch(says)
    const rebuilt = await checkDamaged(sql, true)
    expect(rebuilt.lines.filter((line) => line.startsWith('not repaired: ')).join('\n')).toMatch(says)
  })
})

describe('what is derived is told, and repaired if that is asked for', () => {
  test.each(repairable)('$kind', async ({ sql, says }) => {
    const { lines, repaired } = await checkDamaged(sql, false)
    expect(lines.join('\n')).toMatch(says)
    expect(repaired).toBe(0)
    const rebuilt = await checkDamaged(sql, true)
    expect(rebuilt.lines.filter((line) => !line.startsWith('repaired: '))).toEqual([])
    expect(rebuilt.repaired).toBe(lines.length)
    // then the database is sound
    expect((await checkFile(rebuilt.path)).lines).toEqual([])
  })
})
