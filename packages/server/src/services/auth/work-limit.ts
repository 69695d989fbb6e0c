import { MatrixError } from '@magik/protocol'

/** Runs heavy work a few pieces at a time, and refuses more than a bounded queue of it. */
export class WorkLimit {
  readonly #concurrency: number
  readonly #maxQueued: number
  readonly #queue: (() => void)[] = []
  #running = 0

  constructor({ concurrency, maxQueued }: { concurrency: number; maxQueued: number }) {
    this.#concurrency = concurrency
    this.#maxQueued = maxQueued
  }

  /** @throws MatrixError M_LIMIT_EXCEEDED with status 503 if too much is waiting already. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#running >= this.#concurrency) {
      if (this.#queue.length >= this.#maxQueued) {
        throw new MatrixError('M_LIMIT_EXCEEDED', 'Too many passwords are being checked', {
          status: 503,
          fields: { retry_after_ms: 2_000 },
        })
      }
      // Whoever finishes hands its place on, so `#running` stays as it is.
      await new Promise<void>((resolve) => this.#queue.push(resolve))
    } else {
      this.#running++
    }
    try {
      return await work()
    } finally {
      const next = this.#queue.shift()
      if (next) next()
      else this.#running--
    }
  }
}
