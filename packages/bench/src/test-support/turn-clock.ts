import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Clock } from '../clock.ts'

/** A clock on which every turn of the event loop takes a millisecond: tests wait for work done, never for time. */
export function turnClock(): Clock {
  let timeMs = 0
  let sleepers = 0
  return {
    now: () => timeMs,
    sleep: async (durationMs, signal) => {
      const untilMs = timeMs + durationMs
      sleepers++
      while (timeMs < untilMs && signal?.aborted !== true) {
        // However many sleep, a turn is one millisecond.
        timeMs += 1 / sleepers
        await nextTurn()
      }
      sleepers--
    },
  }
}
