import { getRoomVersion, isRoomId, type JsonValue, type RoomAlias, type RoomId, type UserId } from '@magik/protocol'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import type { BoundWrite } from '../../platform/database/database.ts'
import type { Logger } from '../../platform/log/logger.ts'
import type { AliasStore } from '../../storage/alias-store.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { EventSender } from '../events/event-sender.ts'
import type { ChangeLog } from '../log/change-log.ts'
import type { RoomCreator } from '../rooms/room-creator.ts'
import type { RoomMemberships } from '../rooms/room-memberships.ts'
import type { Rooms } from '../rooms/rooms.ts'

/** Members taken out of a room in one step. */
const MEMBERS_PER_STEP = 10

const DEFAULT_ROOM_NAME = 'Content Violation Notification'
const DEFAULT_MESSAGE =
  'Sharing illegal content on this server is not permitted and rooms in violation will be blocked.'

/** Members of the new room may read what is said there, and not speak. */
const NEW_ROOM_POWER_LEVELS = { users_default: -10 }

const Report = Type.Object({
  kicked_users: Type.Array(Type.String()),
  failed_to_kick_users: Type.Array(Type.String()),
  local_aliases: Type.Array(Type.String()),
  new_room_id: Type.Union([Type.String(), Type.Null()]),
})

/** What shutting down a room has done, as Synapse's admin API spells it. */
export type ShutdownReport = Static<typeof Report>

/** The report of a shutdown that has not begun. */
export const NOTHING_DONE: ShutdownReport = {
  kicked_users: [],
  failed_to_kick_users: [],
  local_aliases: [],
  new_room_id: null,
}

/** The report that a job has so far. */
export function reportOf(result: JsonValue): ShutdownReport {
  return Value.Check(Report, result) ? result : NOTHING_DONE
}

/** What shutting down rooms takes. */
export interface RoomShutdownDeps {
  readonly rooms: Rooms
  readonly roomCreator: RoomCreator
  readonly roomMemberships: RoomMemberships
  readonly sender: EventSender
  readonly membershipStore: MembershipStore
  readonly aliasStore: AliasStore
  readonly log: ChangeLog
  readonly logger: Logger
  /** Version of rooms that people are moved to. */
  readonly roomVersion: string
}

/** Takes the users of this server out of a room, and to another one if there is to be one. */
export class RoomShutdown {
  readonly #deps: RoomShutdownDeps

  constructor(deps: RoomShutdownDeps) {
    this.#deps = deps
  }

  /** Makes the room that people are moved to. */
  async makeNewRoom(creator: UserId, name: string | null): Promise<RoomId> {
    const version = getRoomVersion(this.#deps.roomVersion)
    if (version === undefined) throw new Error(`room version ${this.#deps.roomVersion} is unknown`)
    const { roomId } = await this.#deps.roomCreator.create({
      creator,
      version,
      preset: 'public_chat',
      isPublished: false,
      alias: undefined,
      name: name || DEFAULT_ROOM_NAME,
      topic: undefined,
      invites: [],
      creationContent: {},
      initialState: [],
      isDirect: false,
      powerLevelOverride: NEW_ROOM_POWER_LEVELS,
    })
    return roomId
  }

  /**
   * Takes the next few members out of the room.
   * @param after number of the last user that has had their turn.
   * @returns what to keep in mind of them if the room is going to be deleted, and the number to go on from; undefined
   *   when all have had their turn.
   */
  async removeMembers(
    room: { readonly roomId: RoomId; readonly roomNid: number },
    after: number,
    report: ShutdownReport,
  ): Promise<{
    readonly report: ShutdownReport
    readonly statements: readonly BoundWrite[]
    readonly next: number | undefined
  }> {
    const { membershipStore, log, logger } = this.#deps
    const members = await membershipStore.localMembersAfter(room.roomNid, after, MEMBERS_PER_STEP)
    const kicked = [...report.kicked_users]
    const failed = [...report.failed_to_kick_users]
    const statements: BoundWrite[] = []
    for (const { userId, userNid, membership } of members) {
      try {
        await this.#remove(room.roomId, userId, membership, report.new_room_id)
        kicked.push(userId)
        statements.push(membershipStore.insertDeparture(userNid, log.position, room.roomId))
      } catch (error) {
        logger.warn({ err: error, userId }, 'user could not be moved out of a room')
        failed.push(userId)
      }
    }
    const next = members.length < MEMBERS_PER_STEP ? undefined : members.at(-1)?.userNid
    return { report: { ...report, kicked_users: kicked, failed_to_kick_users: failed }, statements, next }
  }

  async #remove(roomId: RoomId, userId: UserId, membership: string, newRoomId: string | null): Promise<void> {
    const { roomMemberships } = this.#deps
    await roomMemberships.leave(roomId, userId, undefined)
    await roomMemberships.forget(roomId, userId)
    if (membership === 'join' && newRoomId !== null && isRoomId(newRoomId)) {
      await roomMemberships.join(newRoomId, userId, undefined)
    }
  }

  /** Says in the new room what has happened. */
  async explain(newRoomId: RoomId, sender: UserId, message: string | null): Promise<void> {
    const content = { msgtype: 'm.text', body: message || DEFAULT_MESSAGE }
    await this.#deps.sender.send(newRoomId, { type: 'm.room.message', content, sender })
  }

  /** What has the room's aliases lead to the new room, and which they are. */
  async moveAliases(
    roomNid: number,
    newRoomId: RoomId,
  ): Promise<{ readonly aliases: readonly RoomAlias[]; readonly statements: readonly BoundWrite[] }> {
    const { aliasStore, rooms } = this.#deps
    const { roomNid: newRoomNid } = await rooms.get(newRoomId)
    return { aliases: await aliasStore.ofRoom(roomNid), statements: [aliasStore.moveAll(roomNid, newRoomNid)] }
  }
}
