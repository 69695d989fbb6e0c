import { expect, test } from 'vitest'
import { ManualClock } from '../../platform/clock/manual-clock.ts'
import type { ChangeListener } from '../log/change-log.ts'
import { MAX_WAIT_MS, ReadBarrier } from './read-barrier.ts'

/** A barrier over a stream whose counter is answered by hand. */
function barrier({ isShared = true } = {}) {
  const clock = new ManualClock()
  const readings: ((position: number) => void)[] = []
  const listeners: ChangeListener[] = []
  const log = {
    position: 0,
    heardOf: 0,
    catchUpWith(position: number) {
      log.heardOf = Math.max(log.heardOf, position)
    },
    listen: (listener: ChangeListener) => void listeners.push(listener),
  }
  let timeouts = 0
  const made = new ReadBarrier({
    clock,
    log,
    isShared: () => isShared,
    newestPosition: () => new Promise((resolve) => readings.push(resolve)),
    onTimeout: () => {
      timeouts += 1
    },
  })
  const publish = (position: number) => {
    log.position = position
    for (const listener of listeners) listener({ kind: 1, position })
  }
  return { clock, readings, log, publish, barrier: made, timeouts: () => timeouts }
}

/** Whether a promise is still open once everything that can run has run. */
async function isOpen(promise: Promise<unknown>): Promise<boolean> {
  let open = true
  void promise.then(() => {
    open = false
  })
  await new Promise<void>((resolve) => setImmediate(resolve))
  return open
}

test('a request goes on once what was acknowledged before it is known here', async () => {
  const { barrier: made, readings, log, publish, clock } = barrier()
  const passing = made.pass()
  readings[0]!(2)
  expect(await isOpen(passing)).toBe(true)
  expect(log.heardOf).toBe(2)
  publish(1)
  expect(await isOpen(passing)).toBe(true)
  publish(2)
  expect(await isOpen(passing)).toBe(false)
  expect(clock.pendingTimers).toBe(0)
})

test('requests that come while the counter is read share the next reading', async () => {
  const { barrier: made, readings } = barrier()
  const passing = [made.pass(), made.pass(), made.pass()]
  expect(readings).toHaveLength(1)
  readings[0]!(0)
  expect(await isOpen(passing[0]!)).toBe(false)
  expect(readings).toHaveLength(2)
  // what was read before they came would not do
  expect(await isOpen(passing[1]!)).toBe(true)
  const later = made.pass()
  readings[1]!(0)
  await Promise.all(passing)
  readings[2]!(0)
  await later
  expect(readings).toHaveLength(3)
})

test('nobody waits longer than a second, and alone nothing is read', async () => {
  const { barrier: made, readings, clock, timeouts } = barrier()
  const passing = made.pass()
  readings[0]!(1)
  expect(await isOpen(passing)).toBe(true)
  await clock.advance(MAX_WAIT_MS)
  await passing
  expect(timeouts()).toBe(1)
  const alone = barrier({ isShared: false })
  await alone.barrier.pass()
  expect(alone.readings).toHaveLength(0)
})
