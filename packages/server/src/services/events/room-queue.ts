import { MatrixError } from '@magik/protocol'

/** Tasks that may wait for one room. Beyond it senders are told to come back. */
const MAX_WAITING = 2_000

/**
 * Runs one task at a time for each room, in order of arrival. Two builders at once would both extend the same forward
 * extremities and fork the room's graph.
 */
export class RoomQueue {
  readonly #waiting = new Map<number, (() => void)[]>()

  /** Rooms with a task under way. */
  get size(): number {
    return this.#waiting.size
  }

  /**
   * Runs a task when the room's earlier ones are done.
   * @throws MatrixError M_LIMIT_EXCEEDED with status 503 when too many wait.
   */
  async run<T>(roomNid: number, task: () => Promise<T>): Promise<T> {
    const waiting = this.#waiting.get(roomNid)
    if (waiting === undefined) this.#waiting.set(roomNid, [])
    else {
      if (waiting.length >= MAX_WAITING) {
        throw new MatrixError('M_LIMIT_EXCEEDED', 'The room is too busy', {
          status: 503,
          fields: { retry_after_ms: 1_000 },
        })
      }
      await new Promise<void>((resolve) => waiting.push(resolve))
    }
    try {
      return await task()
    } finally {
      this.#release(roomNid)
    }
  }

  #release(roomNid: number): void {
    const next = this.#waiting.get(roomNid)?.shift()
    if (next === undefined) this.#waiting.delete(roomNid)
    else next()
  }
}
