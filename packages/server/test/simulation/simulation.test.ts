import { afterEach, expect, test, vi } from 'vitest'
import { ForkResolver } from '../../src/services/events/fork-resolver.ts'
import { diverged, simulate } from './simulation.ts'

/** Some of the seeds; `npm run test:simulation` takes a thousand others. */
const SEEDS = [
  // Gaps that were filled from within, and from their near side.
  ...[213, 416, 914],
  ...Array.from({ length: 37 }, (_, index) => 10_001 + index),
]

const TIME_LIMIT_MS = 180_000

afterEach(() => {
  vi.restoreAllMocks()
})

test('five servers on a bad network agree on every room once it has healed', { timeout: TIME_LIMIT_MS }, async () => {
  const results = await simulate(SEEDS)
  // every room was spoken in, and forked somewhere
  expect(Math.min(...results.map(({ sent }) => sent))).toBeGreaterThan(10)
  expect(diverged(results)).toEqual([])
})

test('a round follows from its seed alone', { timeout: TIME_LIMIT_MS }, async () => {
  const [alone] = await simulate([10_007])
  const [, among] = await simulate([10_006, 10_007, 10_008])
  expect(among).toEqual(alone)
})

test('servers that resolve forks by what came first do not pass', { timeout: TIME_LIMIT_MS }, async () => {
  // given a resolver that lets the fork it is given first win
  vi.spyOn(ForkResolver.prototype, 'resolve').mockImplementation(async (_room, [first = 0]) => first)
  vi.spyOn(ForkResolver.prototype, 'resolveCurrent').mockImplementation(async (_room, { forks: [first = 0] }) => {
    return { root: first, resets: [] }
  })
  expect(diverged(await simulate(SEEDS.slice(0, 10)))).not.toEqual([])
})
