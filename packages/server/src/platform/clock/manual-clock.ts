import { type Clock, sleepOn, type Timer } from './clock.ts'

interface Pending {
  due: number
  readonly callback: () => void
  readonly periodMs: number | undefined
}

/** A clock that stands still until a test moves it. */
export class ManualClock implements Clock {
  readonly #timers = new Set<Pending>()
  #nowMs: number
  #monotonicMs = 0

  /** @param nowMs where wall time starts, in milliseconds since the Unix epoch. */
  constructor(nowMs = 1_700_000_000_000) {
    this.#nowMs = nowMs
  }

  now(): number {
    return this.#nowMs
  }

  monotonic(): number {
    return this.#monotonicMs
  }

  setTimeout(callback: () => void, delayMs: number): Timer {
    return this.#schedule(callback, delayMs, undefined)
  }

  setInterval(callback: () => void, periodMs: number): Timer {
    return this.#schedule(callback, periodMs, Math.max(1, periodMs))
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, delayMs, signal)
  }

  /** How many timers are under way. */
  get pendingTimers(): number {
    return this.#timers.size
  }

  /**
   * Moves time on and fires every timer that falls due, in order of their due times (equal ones in order of their
   * creation), also those that a fired timer sets within the span. Promises that timers settle are awaited between them.
   */
  async advance(ms: number): Promise<void> {
    const end = this.#monotonicMs + ms
    for (let next = this.#firstDue(end); next; next = this.#firstDue(end)) {
      this.#moveTo(Math.max(next.due, this.#monotonicMs))
      if (next.periodMs === undefined) this.#timers.delete(next)
      else next.due += next.periodMs
      next.callback()
      // One turn of the event loop lets everything run that waited for the timer, however long its chain of promises.
      await new Promise<void>((resolve) => setImmediate(resolve))
    }
    this.#moveTo(end)
  }

  /** Sets wall time alone, as an administrator or NTP would: no timer fires by it. */
  setWallTime(nowMs: number): void {
    this.#nowMs = nowMs
  }

  #schedule(callback: () => void, delayMs: number, periodMs: number | undefined): Timer {
    const pending: Pending = { due: this.#monotonicMs + Math.max(0, delayMs), callback, periodMs }
    this.#timers.add(pending)
    return { cancel: () => void this.#timers.delete(pending) }
  }

  #firstDue(end: number): Pending | undefined {
    let first: Pending | undefined
    for (const timer of this.#timers) {
      if (timer.due <= end && (first === undefined || timer.due < first.due)) first = timer
    }
    return first
  }

  #moveTo(monotonicMs: number): void {
    this.#nowMs += monotonicMs - this.#monotonicMs
    this.#monotonicMs = monotonicMs
  }
}
