import type { Clock } from '../clock.ts'
import type { ProcessMeter } from '../process/process-tree.ts'
import type { Window } from './measurement.ts'

/** What a stopwatch measures with. */
export interface Instruments {
  readonly clock: Clock
  readonly server: ProcessMeter
  /** Milliseconds of processor time the generator has used. */
  readonly generatorCpuMs: () => number
}

/** Measures one window: its latencies, and what the server and the generator spent between start and stop. */
export class Stopwatch {
  readonly #instruments: Instruments
  readonly #latenciesMs: number[] = []
  readonly #startedMs: number
  readonly #serverCpuMs: number | undefined
  readonly #generatorCpuMs: number

  /** Starts the window. */
  constructor(instruments: Instruments) {
    this.#instruments = instruments
    this.#serverCpuMs = instruments.server.read()?.cpuMs
    this.#generatorCpuMs = instruments.generatorCpuMs()
    this.#startedMs = instruments.clock.now()
  }

  record(latencyMs: number): void {
    this.#latenciesMs.push(latencyMs)
  }

  /** Ends the window. `operations` is how many the costs are shared out among, if not one per latency. */
  stop(operations = this.#latenciesMs.length): Window {
    const durationMs = this.#instruments.clock.now() - this.#startedMs
    const generatorCpuMs = this.#instruments.generatorCpuMs() - this.#generatorCpuMs
    const server = this.#instruments.server.read()
    const before = this.#serverCpuMs
    return {
      durationMs,
      operations,
      latenciesMs: this.#latenciesMs,
      generatorCpuMs,
      serverCpuMs: server === undefined || before === undefined ? undefined : server.cpuMs - before,
      rssBytes: server?.rssBytes,
      peakRssBytes: server?.peakRssBytes,
    }
  }
}
