import { afterEach, expect, test, vi } from 'vitest'
import { RoomStateSections } from '../src/services/sync/room-state-section.ts'
import { testServer } from './harness/index.ts'
import { convergenceFaults } from './proofs/convergence.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test.each([1, 2, 3, 4, 5, 6])(
  'clients that know nothing but /sync know the rooms as they are (seed %d)',
  async (seed) => {
    expect(await convergenceFaults(await testServer(), seed)).toEqual([])
  },
)

test('a server that forgets what changed within gaps does not pass', async () => {
  vi.spyOn(RoomStateSections.prototype, 'section').mockResolvedValue([])
  const faults = await convergenceFaults(await testServer(), 1)
  expect(faults.join('\n')).toContain('does not know the present m.room')
})
