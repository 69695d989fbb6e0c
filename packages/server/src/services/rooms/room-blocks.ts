import { MatrixError, type RoomId, type UserId } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { BoundWrite } from '../../platform/database/database.ts'
import type { BlockedRoomStore } from '../../storage/blocked-room-store.ts'
import type { ChangeLog } from '../log/change-log.ts'

/** What blocking rooms takes. */
export interface RoomBlocksDeps {
  readonly blockedRoomStore: BlockedRoomStore
  readonly log: ChangeLog
  readonly clock: Clock
}

/** Rooms that administrators have closed to this server's users: nobody may enter them, or be invited to them. */
export class RoomBlocks {
  readonly #deps: RoomBlocksDeps

  constructor(deps: RoomBlocksDeps) {
    this.#deps = deps
  }

  /** @throws MatrixError M_FORBIDDEN if the room is blocked */
  async check(roomId: RoomId): Promise<void> {
    if ((await this.blockedBy(roomId)) !== undefined) {
      throw new MatrixError('M_FORBIDDEN', 'This room has been blocked on this server')
    }
  }

  /** The administrator who has blocked a room. */
  blockedBy(roomId: RoomId): Promise<string | undefined> {
    return this.#deps.blockedRoomStore.blockedBy(roomId)
  }

  /** Blocks a room, known here or not, or lets it be entered again. */
  async set(roomId: RoomId, admin: UserId, isBlocked: boolean): Promise<void> {
    const statement = isBlocked ? this.block(roomId, admin) : this.#deps.blockedRoomStore.delete(roomId)
    await this.#deps.log.append({ statements: [statement], changes: [] })
  }

  /** What blocks a room, for a commit that does more. */
  block(roomId: RoomId, admin: string): BoundWrite {
    return this.#deps.blockedRoomStore.insert(roomId, admin, this.#deps.clock.now())
  }
}
