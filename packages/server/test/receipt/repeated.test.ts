import { generateSigningKey, type RoomEvent } from '@magik/protocol'
import { expect, test } from 'vitest'
import { createCore } from '../../src/composition/core.ts'
import { createStores } from '../../src/composition/stores.ts'
import { createMetricsRegistry } from '../../src/platform/metrics/registry.ts'
import { CommitGate, SERVER_NAME, staysOpen, until } from '../harness/index.ts'
import { known, outcome, roomEvent, says, topic } from './remote-server.ts'
import { sharedRoom } from './shared-room.ts'

/** Another core on the database of a room, as a restart or another process makes it. */
function anotherCore({
  foundations,
  database,
}: Pick<Awaited<ReturnType<typeof sharedRoom>>, 'foundations' | 'database'>) {
  const registry = createMetricsRegistry({ serverName: SERVER_NAME, version: '0' })
  const keys = { signingKey: generateSigningKey(), treeSeed: new Uint8Array(16) }
  return createCore({ ...foundations, registry }, createStores(database), keys)
}

test('an event that comes again is a duplicate, with what became of it', async () => {
  const { remote, roomId, log, alice, join, rory } = await sharedRoom()
  const accepted = await remote.sends(roomId, says('once'))
  await alice.makes(rory, 'ban')
  const softFailed = await remote.sends(roomId, says('late'), { after: [join] })
  const before = log.position
  const receipts = await remote.delivers(roomId, accepted, softFailed)
  expect(receipts.map(outcome)).toEqual(['duplicate accepted', 'duplicate softFailed'])
  expect(log.position).toBe(before)
})

test('an event that is twice in a batch is stored once', async () => {
  const { remote, roomId, log } = await sharedRoom()
  const event = await remote.make(roomId, says('once'))
  const before = log.position
  expect((await remote.delivers(roomId, event, event)).map(outcome)).toEqual(['accepted', 'duplicate accepted'])
  expect(log.position).toBe(before + 1)
})

test('the receipt of an event, and of its duplicate, is not given before the event is durable', async () => {
  const gate = new CommitGate()
  const { core, remote, roomId, log } = await sharedRoom({ database: { commitGate: gate.pass } })
  const event = await remote.make(roomId, says('held'))
  const before = log.position
  gate.close()
  const first = remote.delivers(roomId, event)
  await until('the commit is held', () => gate.isHolding)
  const second = remote.delivers(roomId, event)
  expect(await staysOpen(first)).toBe(true)
  expect(await staysOpen(second)).toBe(true)
  expect(log.position).toBe(before)
  expect(await core.events.findById(event.eventId)).toBeUndefined()
  gate.open()
  expect([...(await first), ...(await second)].map(outcome)).toEqual(['accepted', 'duplicate accepted'])
  expect(await core.events.findById(event.eventId)).toBeDefined()
})

test('after a restart an event is a duplicate, and the room goes on where it was', async () => {
  const shared = await sharedRoom()
  const { remote, roomId, join, head } = shared
  const branch = await remote.sends(roomId, topic('x'), { after: [join] })
  await shared.alice.says('beside it')
  const again = anotherCore(shared)
  const receipts = await again.gapFiller.receive(roomId, [branch], remote.source())
  expect(receipts.map(outcome)).toEqual(['duplicate accepted'])
  expect((await again.heads.find(roomId))!.committed).toEqual((await head()).committed)
})

test('a batch that another writer overtakes is judged again, and ends stored once and in order', async () => {
  const shared = await sharedRoom()
  const { core, remote, roomId, join, head, extremities, database } = shared
  const first = await remote.make(roomId, topic('one'))
  const second = await remote.make(roomId, topic('two'), { after: [first] })
  const third = await remote.make(roomId, says('three'), { after: [second] })
  const { version } = (await head()).committed
  // given that another core has moved the room’s head on, by an event that takes no position
  const refused = await remote.make(roomId, says('x', remote.user('stranger')), { after: [join] })
  const elsewhere = await anotherCore(shared).gapFiller.receive(roomId, [refused], remote.source())
  expect(elsewhere.map(outcome)).toEqual(['rejected'])
  expect((await head()).committed.version).toBe(version)
  // when this one receives a batch upon the head that it knows
  const receipts = await remote.delivers(roomId, first, second, third)
  // then all of it is stored after all; what was fetched as missing after the refusal is a duplicate when its turn comes
  expect(receipts.map((receipt) => outcome(receipt).replace('duplicate ', ''))).toEqual([
    'accepted',
    'accepted',
    'accepted',
  ])
  const positions = []
  for (const event of [first, second, third]) positions.push((await known(core, event)).position!)
  expect(positions).toEqual([positions[0], positions[0]! + 1, positions[0]! + 2])
  expect(await extremities()).toEqual([third.eventId])
  expect((await head()).committed.version).toBeGreaterThan(version)
  const events = database.query<{ roomNid: number }>()((q, p) =>
    q
      .selectFrom('events')
      .select('event_id')
      .where('room_nid', '=', p.roomNid)
      .where('type', '=', 'm.room.topic')
      .limit(9),
  )
  expect(await database.all(events, { roomNid: (await head()).roomNid })).toHaveLength(2)
  // and every root in the database can be read
  const reader = anotherCore(shared)
  const { roomNid, stateAfter } = await known(reader, second)
  const topicNid = await reader.tree.get(roomNid, stateAfter!, 'm.room.topic', '')
  expect(roomEvent(reader, await reader.events.get(topicNid!)).eventId).toBe(second.eventId)
})

test('users that a batch makes known are made known once', async () => {
  const { remote, roomId, head } = await sharedRoom()
  const joins: RoomEvent[] = []
  for (const name of ['u', 'v', 'w']) {
    const user = remote.user(name)
    const content = { membership: 'join' }
    joins.push(
      await remote.make(
        roomId,
        { type: 'm.room.member', stateKey: user, content, sender: user },
        {
          after: joins.length === 0 ? await remote.extremities(roomId) : [joins.at(-1)!],
        },
      ),
    )
  }
  const third = await remote.make(roomId, says('hi', remote.user('u')), {
    after: [joins.at(-1)!],
    auth: await authOf(),
  })
  expect((await remote.delivers(roomId, ...joins, third)).map(outcome)).toEqual(Array(4).fill('accepted'))
  expect((await head()).committed.joinedMembers).toBe(5)

  async function authOf() {
    const levels = await remote.find(joins[0]!.pdu.auth_events[0] as never)
    return [levels, joins[0]!]
  }
})
