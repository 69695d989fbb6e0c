import { expect, test } from 'vitest'
import { ManualClock } from './manual-clock.ts'

test('ManualClock: timers fire in order of their due times, also those set on the way', async () => {
  // given timers that are set out of order, one of which sets another
  const clock = new ManualClock(1_000)
  const fired: string[] = []
  clock.setTimeout(() => fired.push(`late ${clock.now()}`), 30)
  clock.setTimeout(() => {
    fired.push(`early ${clock.now()}`)
    clock.setTimeout(() => fired.push(`nested ${clock.now()}`), 10)
  }, 10)
  // when time moves past them
  await clock.advance(25)
  await clock.advance(25)
  // then each saw its own time
  expect(fired).toEqual(['early 1010', 'nested 1020', 'late 1030'])
  expect(clock.now()).toBe(1_050)
  expect(clock.monotonic()).toBe(50)
})

test('ManualClock: an interval fires until it is cancelled', async () => {
  const clock = new ManualClock()
  let fired = 0
  const timer = clock.setInterval(() => fired++, 10)
  await clock.advance(35)
  timer.cancel()
  await clock.advance(100)
  expect(fired).toBe(3)
  expect(clock.pendingTimers).toBe(0)
})

test('ManualClock: sleep ends at its time, or with the reason of an abort', async () => {
  const clock = new ManualClock()
  const controller = new AbortController()
  const slept = clock.sleep(100).then(() => 'slept')
  const aborted = clock.sleep(100, controller.signal).catch((reason: unknown) => reason)
  controller.abort('draining')
  expect(await aborted).toBe('draining')
  await clock.advance(100)
  expect(await slept).toBe('slept')
  expect(clock.pendingTimers).toBe(0)
})
