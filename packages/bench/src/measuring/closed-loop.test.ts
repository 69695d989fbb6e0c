import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { turnClock } from '../test-support/turn-clock.ts'
import { measureCount, measureForTime, repeat } from './closed-loop.ts'

function instruments() {
  let cpuMs = 0
  return {
    clock: turnClock(),
    server: {
      read: () => {
        cpuMs += 100
        return { cpuMs, rssBytes: 1, peakRssBytes: 2 }
      },
    },
    generatorCpuMs: () => 0,
  }
}

test('measureForTime: counts what finishes within the window, and awaits the rest', async () => {
  // given operations of a turn each
  let begun = 0
  let done = 0
  const window = await measureForTime(instruments(), {
    concurrency: 2,
    warmUpMs: 20,
    windowMs: 50,
    operation: async () => {
      begun++
      await nextTurn()
      done++
    },
  })
  // then the warm-up is left out, and nothing is still under way
  expect(window.operations).toBe(window.latenciesMs.length)
  expect(window.operations).toBeGreaterThan(0)
  expect(window.operations).toBeLessThan(done)
  expect(begun).toBe(done)
  expect(window.serverCpuMs).toBe(100)
})

test('measureForTime: an error of one operation stops all workers and is thrown', async () => {
  let begun = 0
  const failing = measureForTime(instruments(), {
    concurrency: 4,
    warmUpMs: 1_000_000,
    windowMs: 1_000_000,
    operation: async (index) => {
      begun++
      await nextTurn()
      if (index === 10) throw new Error('refused')
    },
  })
  await expect(failing).rejects.toThrow('refused')
  expect(begun).toBeLessThan(20)
})

test('measureCount: does each operation once and leaves the warm-up uncounted', async () => {
  const done: number[] = []
  const window = await measureCount(instruments(), {
    concurrency: 3,
    warmUpCount: 4,
    count: 20,
    operation: async (index) => {
      await nextTurn()
      done.push(index)
    },
  })
  expect(done.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 20 }, (_, index) => index))
  expect(window.operations).toBe(16)
})

test('repeat: never has more under way than it may', async () => {
  let underWay = 0
  let most = 0
  await repeat(30, 5, async () => {
    most = Math.max(most, ++underWay)
    await nextTurn()
    underWay--
  })
  expect(most).toBe(5)
})
