import { describe, expect, test, vi } from 'vitest'
import { ALICE, message, testCore } from '../regressions/core.ts'
import { joining, OtherServer, otherUser, publicRoom } from './other-server.ts'

/** Names that each of the two forks changes. */
const RENAMED = 5

/** What receiving the event cost that makes a room of so many members resolve a conflict. */
async function costOf(members: number, version: string, isCovered: boolean) {
  const running = await testCore({ strictReads: true })
  const { core, database } = running
  const roomId = await publicRoom(core, ALICE, members, version)
  const other = new OtherServer(core, roomId)
  // given power levels that are newer than what permitted most members to join
  const powers = version === '12' ? {} : { [ALICE]: 100 }
  const content = { users: powers, events: { 'm.room.topic': 0 }, ban: 60 }
  await core.eventSender.send(roomId, { type: 'm.room.power_levels', stateKey: '', content, sender: ALICE })
  if (isCovered) await core.authCover.catchUp()
  // and two forks that have changed other names, and the topic both
  const { eventId: start } = await core.eventSender.send(roomId, message('start'))
  for (let number = 0; number < RENAMED; number += 1) {
    await core.eventSender.send(roomId, joining(otherUser(number), 'here'))
  }
  await core.eventSender.send(roomId, { type: 'm.room.topic', stateKey: '', content: { topic: 'a' }, sender: ALICE })
  const theirs = []
  let tip = start
  for (let number = RENAMED; number < 2 * RENAMED; number += 1) {
    const event = await other.make(joining(otherUser(number), 'there'), [tip])
    theirs.push(event)
    await other.receive(event)
    tip = event.eventId
  }
  if (isCovered) await core.authCover.catchUp()
  const topic = { type: 'm.room.topic', stateKey: '', content: { topic: 'b' }, sender: otherUser(50) }
  const last = await other.make(topic, [tip])
  // when the last event of one of them comes
  const loading = vi.spyOn(core.events, 'findManyForWriting')
  const walking = vi.spyOn(core.tree, 'entryBatches')
  const before = { ...database.counts(), nodes: core.tree.nodesRead }
  expect(await other.receive(last)).toMatchObject({ kind: 'stored', status: 0 })
  const after = database.counts()
  const asked = loading.mock.calls.reduce((count, [eventIds]) => count + [...eventIds].length, 0)
  return {
    events: asked,
    reads: after.reads - before.reads,
    scans: after.scans - before.scans,
    wholeStates: walking.mock.calls.length,
    nodes: core.tree.nodesRead - before.nodes,
  }
}

describe.each(['11', '12'])('in room version %s', (version) => {
  test('resolving a conflict reads the same in a room of 100 members and in one of 5,000', async () => {
    const small = await costOf(100, version, true)
    const large = await costOf(5_000, version, true)
    expect(small).toMatchObject({ scans: 0, wholeStates: 0 })
    expect({ ...large, nodes: 0 }).toEqual({ ...small, nodes: 0 })
    // each of the keys is a node or two deeper in the tree
    expect(large.nodes).toBeLessThanOrEqual(4 * small.nodes)
  }, 120_000)

  test('before the room is covered, what is missing is made up on the way', async () => {
    expect(await costOf(100, version, false)).toMatchObject({ wholeStates: 0 })
  })

  test('where too much is missing, auth chains are walked down from the whole state', async () => {
    const cost = await costOf(5_000, version, false)
    expect(cost.wholeStates).toBeGreaterThan(0)
  }, 60_000)
})
