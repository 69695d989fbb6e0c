import type { RoomEvent } from '@magik/protocol'
import { expect, test } from 'vitest'
import { known, says } from './remote-server.ts'
import { sharedRoom } from './shared-room.ts'

/** A shared room, and its events in the order of `/messages`. */
async function orderedRoom(version = '12') {
  const shared = await sharedRoom({ version })
  const order = async () => {
    const { roomNid } = await shared.head()
    const place = { depth: Number.MAX_SAFE_INTEGER, eventNid: Number.MAX_SAFE_INTEGER }
    const newestFirst = await shared.stores.eventStore.olderThan(roomNid, place, 90)
    return newestFirst.reverse().map(({ eventId }) => eventId)
  }
  return { ...shared, order }
}

test('an event comes after those it builds on, whatever depth it claims', async () => {
  const { core, remote, roomId, join, order } = await orderedRoom()
  const shallow = await remote.sends(roomId, says('shallow'), { depth: 0 })
  expect((await known(core, shallow)).depth).toBe((await known(core, join)).depth + 1)
  expect((await order()).slice(-2)).toEqual([join.eventId, shallow.eventId])
})

test('a wild depth does not push later events out of reach', async () => {
  const { core, remote, roomId, alice, head, order } = await orderedRoom()
  const { depth: before } = (await head()).committed
  const wild = await remote.sends(roomId, says('wild'), { depth: Number.MAX_SAFE_INTEGER })
  expect((await known(core, wild)).depth).toBe(before + 100_000)
  // then what follows comes after it
  const next = await alice.says('next')
  expect(next.pdu.depth).toBe(before + 100_001)
  const later = await remote.sends(roomId, says('later'), { depth: 3 })
  expect((await order()).slice(-3)).toEqual([wild.eventId, next.eventId, later.eventId])
})

test('the order of events that have a place never changes as others arrive', async () => {
  const { remote, roomId, join, alice, order } = await orderedRoom()
  let before = await order()
  const forks: RoomEvent[] = [join]
  for (const depth of [0, 7, Number.MAX_SAFE_INTEGER, 5, 100_004, 1, 50_000]) {
    const after = [forks.at(-1)!]
    forks.push(await remote.sends(roomId, says(`late, at ${depth}`), { after, depth }))
    forks.push(await remote.sends(roomId, says('a fork'), { after: [join], depth }))
    await alice.says('on')
    const now = await order()
    expect(now.filter((eventId) => before.includes(eventId))).toEqual(before)
    expect(now).toHaveLength(before.length + 3)
    before = now
  }
})
