import type { RoomId } from '@magik/protocol'
import type { RoomHead, RoomHeads } from './room-heads.ts'
import type { RoomQueue } from './room-queue.ts'

/** Lets work on what is stored of a room have the room to itself, a little at a time. */
export class RoomMaintenance {
  readonly #heads: RoomHeads
  readonly #queue: RoomQueue

  constructor(deps: { readonly heads: RoomHeads; readonly queue: RoomQueue }) {
    this.#heads = deps.heads
    this.#queue = deps.queue
  }

  /**
   * Runs a short task inside the room's queue when all of the room is durable: nothing is built upon what the task
   * deletes, and what it reads is all there is. Other rooms do not wait.
   * @returns undefined, without having run the task, if the room is not known.
   */
  async run<T>(roomId: RoomId, task: (head: RoomHead) => Promise<T>): Promise<T | undefined> {
    const found = await this.#heads.find(roomId)
    if (found === undefined) return undefined
    return this.#queue.run(found.roomNid, async () => {
      for (;;) {
        const head = await this.#heads.sound(roomId)
        if (head === undefined) return undefined
        await head.idle()
        // One that came to rest because a commit was refused is not the room's head any more.
        if (!head.isBroken) return task(head)
      }
    })
  }
}
