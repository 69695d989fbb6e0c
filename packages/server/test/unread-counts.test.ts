import { afterEach, expect, test, vi } from 'vitest'
import { UnreadStore } from '../src/storage/unread-store.ts'
import { testServer } from './harness/index.ts'
import { unreadFaults } from './proofs/unread-counts.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

test.each([1, 2, 3, 4, 5, 6])(
  'counts are those of a recount from scratch, whatever users do (seed %d)',
  async (seed) => {
    expect(await unreadFaults(await testServer(), seed)).toEqual([])
  },
)

test('a server that forgets what is special to single members does not pass', async () => {
  vi.spyOn(UnreadStore.prototype, 'exceptions').mockResolvedValue({ retracted: [], deviations: [] })
  expect(await unreadFaults(await testServer(), 1)).not.toEqual([])
})
