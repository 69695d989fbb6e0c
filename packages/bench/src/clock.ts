import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'

/** The generator's only way to tell or to spend time, so that tests can hand in their own. */
export interface Clock {
  /** Milliseconds since an arbitrary start; never goes back. */
  now(): number
  /** Resolves after `durationMs`, or at once when the signal is aborted. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  now: () => performance.now(),
  sleep: async (durationMs, signal) => {
    try {
      await delay(durationMs, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      if (signal?.aborted !== true) throw error
    }
  },
}

/**
 * Waits for a promise, but no longer than `limitMs`.
 * @returns whether it resolved in time.
 * @throws what the promise rejects with, if it does in time.
 */
export async function resolvesWithin(clock: Clock, limitMs: number, promise: Promise<unknown>): Promise<boolean> {
  // A timer left behind would keep the process alive.
  const settled = new AbortController()
  try {
    return await Promise.race([promise.then(() => true), clock.sleep(limitMs, settled.signal).then(() => false)])
  } finally {
    settled.abort()
  }
}

/** Never resolves; rejects when the given promise does. */
export function failureOf(promise: Promise<unknown>): Promise<never> {
  return new Promise((_, reject) => {
    promise.catch(reject)
  })
}
