import { afterEach, expect, test, vi } from 'vitest'
import { RoomTails } from '../src/services/sync/room-tails.ts'
import type { StoredEvent } from '../src/storage/stored-event.ts'
import { testServer } from './harness/index.ts'
import { exactlyOnceFaults } from './proofs/exactly-once.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test('everybody hears of each event exactly once, in one order per room', async () => {
  expect(await exactlyOnceFaults(await testServer())).toEqual([])
})

// The proof is worth something only if it catches what it claims to. Each of these breaks the newest events of rooms,
// which `/sync` is served from.
test.each([
  ['loses an event', /never heard of/],
  ['tells an event twice', /heard of .* 2 times/],
  ['swaps two events', /heard of .* where .* belongs/],
] as const)('a server that now and then %s does not pass', async (fault, expected) => {
  breakTails(fault)
  const faults = await exactlyOnceFaults(await testServer())
  expect(faults.join('\n')).toMatch(expected)
})

/** Breaks what becomes of every tenth message. */
function breakTails(fault: 'loses an event' | 'tells an event twice' | 'swaps two events'): void {
  const append = RoomTails.prototype.append
  const held = new Map<number, StoredEvent>()
  let count = 0
  vi.spyOn(RoomTails.prototype, 'append').mockImplementation(function (
    this: RoomTails,
    event: StoredEvent,
    root: number,
  ) {
    const earlier = held.get(event.roomNid)
    held.delete(event.roomNid)
    const isDue = event.type === 'm.room.message' && ++count % 10 === 0
    if (earlier !== undefined) {
      append.call(this, { ...event, position: earlier.position! }, root)
      append.call(this, { ...earlier, position: event.position! }, root)
    } else if (isDue && fault === 'swaps two events') held.set(event.roomNid, event)
    else if (!isDue || fault !== 'loses an event') append.call(this, event, root)
    if (isDue && fault === 'tells an event twice') append.call(this, event, root)
  })
}
