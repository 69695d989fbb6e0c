/** A timer under way. Cancelling one that has fired, or twice, does nothing. */
export interface Timer {
  cancel(): void
}

/** How a timer behaves beyond its delay. */
export interface TimerOptions {
  /** Keeps the process alive until the timer fires. Off unless asked for: a server lives by its sockets. */
  readonly keepsAlive?: boolean
}

/** The one source of time. Handed in everywhere, so that tests move it by hand. */
export interface Clock {
  /** Milliseconds since the Unix epoch; may jump when the machine's clock is set. */
  now(): number
  /** Milliseconds since an arbitrary point, with fractions; never goes back. For measuring. */
  monotonic(): number
  /** Calls back once after `delayMs`. */
  setTimeout(callback: () => void, delayMs: number, options?: TimerOptions): Timer
  /** Calls back every `periodMs` until cancelled. */
  setInterval(callback: () => void, periodMs: number, options?: TimerOptions): Timer
  /**
   * Resolves after `delayMs`, or rejects with the signal's reason as soon as that aborts.
   */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
}

/** The `sleep` of any clock, by its `setTimeout`. */
export function sleepOn(clock: Pick<Clock, 'setTimeout'>, delayMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason)
      return
    }
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = clock.setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, delayMs)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
