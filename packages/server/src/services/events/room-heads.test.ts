import { expect, test } from 'vitest'
import { nextVersion } from './room-heads.ts'

test('nextVersion: two writers that build on one head do not give theirs the same number', () => {
  const [ours, theirs] = [Uint8Array.of(0, 1, 2), Uint8Array.of(0, 1, 3)].map((bytes) => nextVersion(7, () => bytes))
  expect(ours).toBe(7 + 1 + 258)
  expect(theirs).not.toBe(ours)
})

test('nextVersion: is greater even if nothing is drawn, and stays a safe integer for a billion commits', () => {
  expect(nextVersion(7, (count) => new Uint8Array(count))).toBe(8)
  const most = nextVersion(0, (count) => new Uint8Array(count).fill(255))
  expect((most / 2) * 1_000_000_000).toBeLessThan(Number.MAX_SAFE_INTEGER)
})
