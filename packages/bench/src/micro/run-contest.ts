import { isDeepStrictEqual } from 'node:util'
import type { Clock } from '../clock.ts'
import { type Measurement, measurementOf } from '../measuring/measurement.ts'
import type { Contest, Version } from './contest.ts'

/** A sample takes about so long, so that neither the clock nor a pause for garbage decides it. */
const SAMPLE_MS = 20

/** Samples of each version, whatever the time: the median needs some. */
const LEAST_SAMPLES = 3

/** What a contest is measured with. */
export interface ContestEffort {
  readonly clock: Clock
  /** Milliseconds of processor time this process has used. */
  readonly cpuMs: () => number
  /** How long the versions are measured, together; half of it comes before as warm-up. */
  readonly durationMs: number
}

/**
 * Checks that both versions say the same of every input.
 * @throws Error naming the first input on which they differ: there are no figures for a version that is wrong.
 */
export async function checkContest({ name, inputs, ours, naive }: Contest): Promise<void> {
  for (let input = 0; input < inputs; input++) {
    if (!isDeepStrictEqual(await ours.answer(input), await naive.answer(input))) {
      throw new Error(`${name}: the two versions differ on input ${input}`)
    }
  }
}

/** Measures both versions by turns, each warmed up, with as many operations in a sample as its speed calls for. */
export async function runContest(
  contest: Contest,
  effort: ContestEffort,
): Promise<{ readonly ours: Measurement; readonly naive: Measurement }> {
  const { clock, durationMs } = effort
  const ours = new Contestant(contest, contest.ours, effort)
  const naive = new Contestant(contest, contest.naive, effort)
  for (const contestant of [ours, naive]) await contestant.warmUp(durationMs / 4)
  const startedMs = clock.now()
  for (let turn = 0; turn < LEAST_SAMPLES || clock.now() - startedMs < durationMs; turn++) {
    // Who goes first changes, as garbage of the one may have to be collected at the other's expense.
    for (const contestant of turn % 2 === 0 ? [ours, naive] : [naive, ours]) await contestant.sample()
  }
  return { ours: ours.measurement(), naive: naive.measurement() }
}

/** One version in a contest. */
class Contestant {
  readonly #contest: Contest
  readonly #version: Version
  readonly #effort: ContestEffort
  readonly #latenciesMs: number[] = []
  #next = 0
  #perSample = 1
  #operations = 0
  #durationMs = 0
  #cpuMs = 0

  constructor(contest: Contest, version: Version, effort: ContestEffort) {
    this.#contest = contest
    this.#version = version
    this.#effort = effort
  }

  async warmUp(durationMs: number): Promise<void> {
    const { clock } = this.#effort
    const startedMs = clock.now()
    do {
      const beganMs = clock.now()
      await this.#run(this.#perSample)
      if (clock.now() - beganMs < SAMPLE_MS) this.#perSample *= 2
    } while (clock.now() - startedMs < durationMs)
  }

  async sample(): Promise<void> {
    const { clock, cpuMs } = this.#effort
    const cpuBeforeMs = cpuMs()
    const beganMs = clock.now()
    await this.#run(this.#perSample)
    const elapsedMs = clock.now() - beganMs
    this.#cpuMs += cpuMs() - cpuBeforeMs
    this.#durationMs += elapsedMs
    this.#operations += this.#perSample
    this.#latenciesMs.push(elapsedMs / this.#perSample)
  }

  measurement(): Measurement {
    return measurementOf(this.#contest.name, this.#contest.unit, {
      durationMs: this.#durationMs,
      operations: this.#operations,
      latenciesMs: this.#latenciesMs,
      serverCpuMs: this.#cpuMs,
      generatorCpuMs: 0,
      rssBytes: undefined,
      peakRssBytes: undefined,
    })
  }

  async #run(count: number): Promise<void> {
    const { inputs } = this.#contest
    for (let done = 0; done < count; done++) {
      const result = this.#version.run(this.#next)
      // Awaiting what is there already would cost more than the shortest operations do.
      if (result instanceof Promise) await result
      this.#next = (this.#next + 1) % inputs
    }
  }
}
