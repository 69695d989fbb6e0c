import { MatrixError, type RoomId } from '@magik/protocol'
import type { StateReading } from '../events/auth-state.ts'
import type { RoomHeads } from '../events/room-heads.ts'
import { RoomView } from '../events/room-view.ts'
import { EMPTY_TREE } from '../state/tree-node.ts'

/** Finds rooms as readers may see them: only what is durable. */
export class Rooms {
  readonly #heads: RoomHeads
  readonly #reading: StateReading

  constructor(deps: StateReading & { readonly heads: RoomHeads }) {
    this.#heads = deps.heads
    this.#reading = deps
  }

  /** A room, if this server knows it. */
  async find(roomId: RoomId): Promise<RoomView | undefined> {
    const head = await this.#heads.find(roomId)
    // A room is in memory a little before its first commit is durable, and while another server tells what is in it.
    if (head === undefined || head.committed.stateRoot === EMPTY_TREE) return undefined
    return new RoomView(head, head.committed, this.#reading)
  }

  /** @throws MatrixError M_NOT_FOUND if this server does not know the room. */
  async get(roomId: RoomId): Promise<RoomView> {
    const room = await this.find(roomId)
    if (room === undefined) throw new MatrixError('M_NOT_FOUND', 'This room is not known here')
    return room
  }

  /** A room by its number; one that has been deleted meanwhile is not found. */
  async findByNid(roomNid: number): Promise<RoomView | undefined> {
    const head = await this.#heads.findByNid(roomNid)
    return head && new RoomView(head, head.committed, this.#reading)
  }
}
