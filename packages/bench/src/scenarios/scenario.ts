import type { Measurement } from '../measuring/measurement.ts'
import type { Instruments } from '../measuring/stopwatch.ts'
import type { World } from '../world.ts'

/** How much is measured. Shapes are the same for every server; only times bound the number of operations. */
export interface Effort {
  /** The window of the loaded sends; others take a share of it. */
  readonly durationMs: number
  /** Workers of the loaded sends. */
  readonly concurrency: number
  /** Messages per second of the fan-out: a pace that every server of a comparison should be able to follow. */
  readonly pacePerSecond: number
}

export interface ScenarioContext {
  readonly world: World
  readonly instruments: Instruments
  readonly effort: Effort
}

/** One thing clients do, measured. */
export interface Scenario {
  readonly name: string
  /** What is done, in one line. */
  readonly about: string
  /** Whether it takes so long that it runs only where it is named. */
  readonly onRequest?: boolean
  /**
   * Does and measures it.
   * @throws Error if the server refuses a request, or does not deliver what it acknowledged.
   */
  run(context: ScenarioContext): Promise<readonly Measurement[]>
}
