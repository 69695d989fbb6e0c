import type { Clock } from '../../platform/clock/clock.ts'
import type { ChangeLog } from '../log/change-log.ts'

/** Longest that a request waits for what other replicas have acknowledged. */
export const MAX_WAIT_MS = 1_000

/** What the barrier stands on. */
export interface ReadBarrierDeps {
  readonly clock: Clock
  readonly log: Pick<ChangeLog, 'position' | 'catchUpWith' | 'listen'>
  /** Whether other replicas write as well. */
  readonly isShared: () => boolean
  /** Reads how far the stream has got. */
  readonly newestPosition: () => Promise<number>
  /** Counts requests that went on without having waited long enough. */
  readonly onTimeout: () => void
}

/**
 * Lets users read their own writes whichever replica took them: whatever any replica had acknowledged when a request
 * came is known here before the request is looked at. Requests that come while the counter is being read share the
 * next reading, so that at most one is under way however many come. Without other replicas nothing is read.
 */
export class ReadBarrier {
  readonly #deps: ReadBarrierDeps
  readonly #waiting = new Set<{ readonly position: number; readonly reached: () => void }>()
  #reading: Promise<number> | undefined
  #next: Promise<number> | undefined

  constructor(deps: ReadBarrierDeps) {
    this.#deps = deps
    deps.log.listen(({ position }) => this.#onPublished(position))
  }

  /** Whether `pass` has anything to wait for. */
  get isNeeded(): boolean {
    return this.#deps.isShared()
  }

  /** Resolves when everything is known here that was acknowledged before the call, or after a second. Does not throw. */
  async pass(): Promise<void> {
    if (!this.isNeeded) return
    try {
      await this.reach(await this.#newest())
    } catch {
      // The database is away: whatever the request needs of it will say so.
    }
  }

  /** Resolves when everything up to a position is known here, or after a second. */
  async reach(position: number): Promise<void> {
    const { log, clock, onTimeout } = this.#deps
    if (log.position >= position) return
    const { promise, resolve } = Promise.withResolvers<void>()
    const entry = { position, reached: resolve }
    this.#waiting.add(entry)
    const timer = clock.setTimeout(() => {
      onTimeout()
      resolve()
    }, MAX_WAIT_MS)
    log.catchUpWith(position)
    await promise
    timer.cancel()
    this.#waiting.delete(entry)
  }

  #onPublished(position: number): void {
    for (const entry of this.#waiting) if (entry.position <= position) entry.reached()
  }

  /** A reading that began after the call. */
  #newest(): Promise<number> {
    if (this.#reading === undefined) return this.#read()
    this.#next ??= this.#reading.then(
      () => this.#readNext(),
      () => this.#readNext(),
    )
    return this.#next
  }

  #readNext(): Promise<number> {
    this.#next = undefined
    return this.#read()
  }

  #read(): Promise<number> {
    const reading = this.#deps.newestPosition().finally(() => {
      if (this.#reading === reading) this.#reading = undefined
    })
    this.#reading = reading
    return reading
  }
}
