/** Lets other work run, for instance until the event loop's next turn. */
export type Pause = () => Promise<void>

/** Nodes or entries handled at a stretch: well below ten milliseconds. */
const STRETCH = 1_024

/** Cuts a long computation into stretches, so that an operation on a large room does not hold up the others. */
export class Pacer {
  readonly #pause: Pause | undefined
  #left = STRETCH

  constructor(pause: Pause | undefined) {
    this.#pause = pause
  }

  /** Accounts for `units` of work. @returns whether the stretch is over and `rest` is due. */
  spend(units: number): boolean {
    this.#left -= units
    return this.#left <= 0
  }

  /** Ends the stretch. */
  async rest(): Promise<void> {
    this.#left = STRETCH
    await this.#pause?.()
  }
}
