import { MatrixError, type RoomAlias, type RoomId, type ServerName, serverNameOf, type UserId } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { AliasStore } from '../../storage/alias-store.ts'
import type { RoomView } from '../events/room-view.ts'
import type { ChangeLog } from '../log/change-log.ts'
import type { UserNumbers } from '../users/user-numbers.ts'
import type { CanonicalAliases } from './canonical-aliases.ts'
import type { Rooms } from './rooms.ts'

/** What aliases stand on. */
export interface RoomAliasesDeps {
  readonly aliasStore: AliasStore
  readonly rooms: Rooms
  readonly canonicalAliases: CanonicalAliases
  readonly userNumbers: UserNumbers
  readonly log: ChangeLog
  readonly clock: Clock
  readonly serverName: ServerName
  /** Whether a user must be in a room to name it. */
  readonly requireMembership: boolean
}

/**
 * The names that this server gives to rooms.
 * @spec client-server-api/#room-aliases
 */
export class RoomAliases {
  readonly #deps: RoomAliasesDeps

  constructor(deps: RoomAliasesDeps) {
    this.#deps = deps
  }

  /** The room that an alias names. @throws MatrixError M_NOT_FOUND */
  async resolve(alias: RoomAlias): Promise<RoomView> {
    const found = await this.#deps.aliasStore.find(alias)
    if (found === undefined) throw new MatrixError('M_NOT_FOUND', `Room alias ${alias} not found.`)
    return this.#room(alias, found.roomNid)
  }

  /** @throws MatrixError M_INVALID_PARAM for another server's alias; M_UNKNOWN (409) if taken; M_NOT_FOUND; M_FORBIDDEN */
  async add(alias: RoomAlias, roomId: RoomId, userId: UserId): Promise<void> {
    const { aliasStore, rooms, userNumbers, log, clock } = this.#deps
    this.#checkOwn(alias)
    const room = await rooms.get(roomId)
    const creatorNid = await userNumbers.find(userId)
    if (creatorNid === undefined) throw new Error('an account without a number')
    if (this.#deps.requireMembership && (await room.membership(userId)) !== 'join') {
      throw new MatrixError('M_FORBIDDEN', 'You must be in the room to create an alias for it')
    }
    const entry = { alias, roomNid: room.roomNid, creatorNid, createdTs: clock.now() }
    const result = await log.append({ statements: [aliasStore.insert(entry)], changes: [] })
    if (!result.committed) throw new MatrixError('M_UNKNOWN', `Room alias ${alias} already exists.`, { status: 409 })
  }

  /** Takes a name away: for its creator, and for those who may set the room's canonical alias. */
  async remove(alias: RoomAlias, userId: UserId, isAdmin: boolean): Promise<void> {
    this.#checkOwn(alias)
    const found = await this.#deps.aliasStore.find(alias)
    if (found === undefined) throw new MatrixError('M_NOT_FOUND', `Room alias ${alias} not found.`)
    const room = await this.#room(alias, found.roomNid)
    const userNid = await this.#deps.userNumbers.find(userId)
    const isCreator = userNid !== undefined && found.creatorNid === userNid
    if (!isCreator && !isAdmin) {
      const power = await room.powerLevels()
      if (power.ofUser(userId) < power.forEvent('m.room.canonical_alias', true)) {
        throw new MatrixError('M_FORBIDDEN', 'You may not delete this alias')
      }
    }
    const result = await this.#deps.log.append({ statements: [this.#deps.aliasStore.remove(alias)], changes: [] })
    if (!result.committed) throw new MatrixError('M_NOT_FOUND', `Room alias ${alias} not found.`)
    await this.#deps.canonicalAliases.remove(room.roomId, alias, userId)
  }

  /** The aliases this server gives to a room. */
  list(room: RoomView): Promise<RoomAlias[]> {
    return this.#deps.aliasStore.ofRoom(room.roomNid)
  }

  /** @throws MatrixError M_NOT_FOUND if the room has been deleted meanwhile */
  async #room(alias: RoomAlias, roomNid: number): Promise<RoomView> {
    const room = await this.#deps.rooms.findByNid(roomNid)
    if (room === undefined) throw new MatrixError('M_NOT_FOUND', `Room alias ${alias} not found.`)
    return room
  }

  /** @throws MatrixError M_INVALID_PARAM for another server's alias */
  #checkOwn(alias: RoomAlias): void {
    if (serverNameOf(alias) !== this.#deps.serverName) {
      throw new MatrixError('M_INVALID_PARAM', "The alias is another server's")
    }
  }
}
