import { systemClock } from '../../src/platform/clock/system-clock.ts'

/** Longest that a test waits for something that should happen at once. */
export const DEADLINE_MS = 10_000

/**
 * Waits until a condition holds, looking again in each turn of the event loop.
 * @throws Error once the deadline has passed.
 */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  deadlineMs = DEADLINE_MS,
): Promise<void> {
  const end = systemClock.monotonic() + deadlineMs
  while (!(await condition())) {
    if (systemClock.monotonic() > end) throw new Error(`still not after ${deadlineMs} ms: ${what}`)
    await turns(1)
  }
}

/** Lets everything run that can, for some turns of the event loop. */
export async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise<void>((resolve) => setImmediate(resolve))
}

/** Whether a promise is still open after the event loop has turned many times. */
export async function staysOpen(promise: Promise<unknown>, count = 200): Promise<boolean> {
  let isOpen = true
  const close = () => {
    isOpen = false
  }
  promise.then(close, close)
  await turns(count)
  return isOpen
}
