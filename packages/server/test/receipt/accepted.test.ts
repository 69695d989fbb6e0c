import { expect, test } from 'vitest'
import { known, says, topic } from './remote-server.ts'
import { sharedRoom } from './shared-room.ts'

test('an accepted event takes a position, becomes the forward extremity and stands in the timeline', async () => {
  const { core, roomId, remote, extremities, log, stores } = await sharedRoom()
  const before = log.position
  const { eventId, receipt } = await remote.sends(roomId, says('hello'))
  expect(receipt).toEqual({ kind: 'stored', status: 0, reason: undefined })
  const event = await known(core, { eventId })
  expect(event.position).toBe(before + 1)
  expect(log.position).toBe(before + 1)
  expect(await extremities()).toEqual([eventId])
  const [newest] = await stores.eventStore.latest(event.roomNid, log.position, 1)
  expect(newest).toMatchObject({ eventId, sender: remote.user(), position: before + 1 })
})

test('an accepted state event is the room’s state from its position on', async () => {
  const { core, roomId, remote, current, stores } = await sharedRoom()
  const sent = await remote.sends(roomId, topic('ours'))
  const { roomNid, position, stateAfter, stateBefore } = await known(core, sent)
  expect(await current('m.room.topic')).toEqual({ topic: 'ours' })
  expect(await stores.roomStore.rootAt(roomNid, position!)).toBe(stateAfter)
  expect(await stores.roomStore.rootAt(roomNid, position! - 1)).toBe(stateBefore)
})

test('a remote join and leave change memberships, joined servers and counts', async () => {
  const { roomId, remote, rory, head, database, userNumbers, stores } = await sharedRoom()
  const { roomNid } = await head()
  const servers = () =>
    database.all(
      database.query<{ roomNid: number }>()((q, p) =>
        q
          .selectFrom('joined_servers')
          .select(['server_name', 'joined_members', 'left_position'])
          .where('room_nid', '=', p.roomNid)
          .orderBy('server_name')
          .limit(10),
      ),
      { roomNid },
    )
  expect((await head()).committed.joinedMembers).toBe(2)
  expect(await servers()).toEqual([
    { server_name: 'example.org', joined_members: 1, left_position: null },
    { server_name: 'remote.example', joined_members: 1, left_position: null },
  ])
  // when Rory leaves
  await remote.sends(roomId, { type: 'm.room.member', stateKey: rory, content: { membership: 'leave' } })
  const { position } = (await stores.membershipStore.ofUser((await userNumbers.find(rory))!))[0]!
  expect((await head()).committed.joinedMembers).toBe(1)
  expect(await servers()).toContainEqual({ server_name: 'remote.example', joined_members: 0, left_position: position })
})

test('events of one batch build on each other', async () => {
  const { core, roomId, remote, extremities } = await sharedRoom()
  const first = await remote.make(roomId, topic('one'))
  const second = await remote.make(roomId, says('two'), { after: [first] })
  const receipts = await remote.delivers(roomId, first, second)
  expect(receipts.map(({ kind }) => kind)).toEqual(['stored', 'stored'])
  expect((await known(core, second)).stateBefore).toBe((await known(core, first)).stateAfter)
  expect((await known(core, second)).position).toBe((await known(core, first)).position! + 1)
  expect(await extremities()).toEqual([second.eventId])
})
