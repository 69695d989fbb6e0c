import { afterEach, expect, test, vi } from 'vitest'
import { UnreadWindow } from '../src/services/push/unread-window.ts'
import { UnreadStore } from '../src/storage/unread-store.ts'
import { temporaryFolder, testServer } from './harness/index.ts'
import { unreadFaults } from './proofs/unread-counts.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

async function faults(seed: number): Promise<string[]> {
  const folder = temporaryFolder()
  let server = await testServer({ folder })
  const restart = async () => {
    await server.stop()
    server = await testServer({ folder })
    return server
  }
  return unreadFaults(server, restart, seed)
}

test.each([1, 2, 3, 4, 5])('counts are those of a recount from scratch, whatever users do (seed %d)', async (seed) => {
  expect(await faults(seed)).toEqual([])
})

test('a server that forgets what is special to single members does not pass', async () => {
  vi.spyOn(UnreadStore.prototype, 'exceptions').mockResolvedValue({ retracted: [], deviations: [] })
  expect(await faults(1)).not.toEqual([])
})

test('a server that counts redacted events on does not pass', async () => {
  vi.spyOn(UnreadWindow.prototype, 'retract').mockReturnValue()
  expect(await faults(1)).not.toEqual([])
})
