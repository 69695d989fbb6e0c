import { resolvesWithin } from '../clock.ts'
import type { Window } from './measurement.ts'
import { type Instruments, Stopwatch } from './stopwatch.ts'

/** Does one operation. `index` counts from 0 over all workers. */
export type Operation = (index: number) => Promise<void>

export interface TimedLoop {
  readonly concurrency: number
  /** Operations that finish in this first stretch are done but not counted. */
  readonly warmUpMs: number
  readonly windowMs: number
  readonly operation: Operation
}

/**
 * Runs workers that each start their next operation when the last is done, for a warm-up and then a measured window.
 * Operations still under way at the window's end are awaited, not counted.
 * @throws whatever an operation throws, after all workers have stopped.
 */
export async function measureForTime(instruments: Instruments, loop: TimedLoop): Promise<Window> {
  const { clock } = instruments
  const workers = new Workers(instruments, loop.operation, Number.POSITIVE_INFINITY)
  const finished = workers.run(loop.concurrency)
  await resolvesWithin(clock, loop.warmUpMs, finished)
  const stopwatch = new Stopwatch(instruments)
  workers.stopwatch = stopwatch
  await resolvesWithin(clock, loop.windowMs, finished)
  const window = stopwatch.stop()
  workers.stop()
  await finished
  return window
}

export interface CountedLoop {
  readonly concurrency: number
  /** This many first operations are done but not counted. */
  readonly warmUpCount: number
  /** All operations, those of the warm-up included. */
  readonly count: number
  readonly operation: Operation
}

/**
 * Runs a fixed number of operations, however long they take.
 * @throws whatever an operation throws, after all workers have stopped.
 */
export async function measureCount(instruments: Instruments, loop: CountedLoop): Promise<Window> {
  await new Workers(instruments, loop.operation, loop.warmUpCount).run(loop.concurrency)
  const measured = new Workers(
    instruments,
    (index) => loop.operation(loop.warmUpCount + index),
    loop.count - loop.warmUpCount,
  )
  const stopwatch = new Stopwatch(instruments)
  measured.stopwatch = stopwatch
  await measured.run(loop.concurrency)
  return stopwatch.stop()
}

/** Does operations `0..count-1`, `concurrency` at a time, measuring nothing. */
export async function repeat(count: number, concurrency: number, operation: Operation): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await operation(next++)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

class Workers {
  readonly #instruments: Instruments
  readonly #operation: Operation
  readonly #count: number
  #next = 0
  #stopped = false
  /** While set, operations that finish are recorded. */
  stopwatch: Stopwatch | undefined

  constructor(instruments: Instruments, operation: Operation, count: number) {
    this.#instruments = instruments
    this.#operation = operation
    this.#count = count
  }

  /** Resolves when no worker runs any more; rejects with the first error, when all others have stopped too. */
  async run(concurrency: number): Promise<void> {
    const outcomes = await Promise.allSettled(Array.from({ length: concurrency }, () => this.#work()))
    for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
  }

  stop(): void {
    this.#stopped = true
    this.stopwatch = undefined
  }

  async #work(): Promise<void> {
    const { clock } = this.#instruments
    try {
      while (!this.#stopped && this.#next < this.#count) {
        const startedMs = clock.now()
        await this.#operation(this.#next++)
        this.stopwatch?.record(clock.now() - startedMs)
      }
    } catch (error) {
      this.stop()
      throw error
    }
  }
}
