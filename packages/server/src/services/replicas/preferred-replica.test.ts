import { expect, test } from 'vitest'
import { preferredReplica } from './preferred-replica.ts'

const rooms = Array.from({ length: 3_000 }, (_, n) => `!room${n}:example.org`)
const replicas = ['one', 'two', 'three']

function shareOf(id: string, ids: readonly string[]): number {
  return rooms.filter((room) => preferredReplica(room, ids) === id).length / rooms.length
}

test('preferredReplica: is the same wherever it is asked, in whatever order the replicas are named', () => {
  for (const room of rooms.slice(0, 100)) {
    expect(preferredReplica(room, replicas)).toBe(preferredReplica(room, replicas.toReversed()))
  }
  expect(preferredReplica('!room:example.org', ['only'])).toBe('only')
})

test('preferredReplica: spreads keys evenly', () => {
  for (const id of replicas) {
    expect(shareOf(id, replicas)).toBeGreaterThan(0.29)
    expect(shareOf(id, replicas)).toBeLessThan(0.38)
  }
})

test('preferredReplica: only what a replica gets or had moves when it comes or goes', () => {
  for (const room of rooms) {
    const before = preferredReplica(room, replicas)
    const after = preferredReplica(room, [...replicas, 'four'])
    expect([before, 'four']).toContain(after)
    if (before !== 'two') expect(preferredReplica(room, ['one', 'three'])).toBe(before)
  }
})

test('preferredReplica: needs a replica', () => {
  expect(() => preferredReplica('!room:example.org', [])).toThrow('there is no replica')
})
