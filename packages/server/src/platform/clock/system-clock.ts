import { performance } from 'node:perf_hooks'
import { type Clock, sleepOn } from './clock.ts'

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  setTimeout(callback, delayMs, options) {
    const handle = setTimeout(callback, delayMs)
    if (options?.keepsAlive !== true) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
  setInterval(callback, periodMs, options) {
    const handle = setInterval(callback, periodMs)
    if (options?.keepsAlive !== true) handle.unref()
    return { cancel: () => clearInterval(handle) }
  },
  sleep: (delayMs, signal) => sleepOn(systemClock, delayMs, signal),
}
