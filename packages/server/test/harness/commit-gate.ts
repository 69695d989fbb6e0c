/** Stands between gathering a batch and sending it to the disk; closed, it holds every commit. */
export class CommitGate {
  #closed: PromiseWithResolvers<void> | undefined
  #waiting = 0

  /** Handed to the database. */
  readonly pass = async (): Promise<void> => {
    if (this.#closed === undefined) return
    this.#waiting += 1
    await this.#closed.promise
    this.#waiting -= 1
  }

  /** Whether a batch stands before the gate. */
  get isHolding(): boolean {
    return this.#waiting > 0
  }

  close(): void {
    this.#closed ??= Promise.withResolvers()
  }

  open(): void {
    this.#closed?.resolve()
    this.#closed = undefined
  }
}
