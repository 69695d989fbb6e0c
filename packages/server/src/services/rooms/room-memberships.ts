import { type JsonObject, MatrixError, type RoomId, type UserId } from '@magik/protocol'
import type { EventSender } from '../events/event-sender.ts'
import type { EventDraft, SentEvent } from '../events/event-draft.ts'
import type { RoomView } from '../events/room-view.ts'
import type { ChangeLog } from '../log/change-log.ts'
import { changeKind } from '../../storage/change-kind.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { MemberProfiles } from '../users/member-profile.ts'
import type { UserNumbers } from '../users/user-numbers.ts'
import type { RoomBlocks } from './room-blocks.ts'
import type { RestrictedJoins } from './restricted-join.ts'
import type { Rooms } from './rooms.ts'

/** One user's action on another, or on themselves. */
export interface MembershipAction {
  readonly roomId: RoomId
  readonly sender: UserId
  readonly target: UserId
  readonly reason: string | undefined
}

/** What membership changes stand on. */
export interface RoomMembershipDeps {
  readonly sender: EventSender
  readonly rooms: Rooms
  readonly profiles: MemberProfiles
  readonly membershipStore: MembershipStore
  readonly userNumbers: UserNumbers
  readonly log: ChangeLog
  readonly restrictedJoins: RestrictedJoins
  readonly roomBlocks: RoomBlocks
}

/**
 * Changes who belongs to a room. Whether a change is allowed is for the authorisation rules; what is decided here is
 * what counts as done already.
 * @spec client-server-api/#room-membership
 */
export class RoomMemberships {
  readonly #deps: RoomMembershipDeps

  constructor(deps: RoomMembershipDeps) {
    this.#deps = deps
  }

  /** The rooms a user is in. */
  joinedRooms(userNid: number): Promise<RoomId[]> {
    return this.#deps.membershipStore.joinedRoomIds(userNid)
  }

  /** Joins a room; a member who joins again changes nothing. @throws MatrixError M_NOT_FOUND, M_FORBIDDEN */
  async join(roomId: RoomId, userId: UserId, reason: string | undefined, extra: JsonObject = {}): Promise<void> {
    await this.#deps.roomBlocks.check(roomId)
    if ((await this.#deps.rooms.find(roomId)) === undefined) {
      throw new MatrixError('M_NOT_FOUND', 'No server is known that could let you into this room')
    }
    const profile = await this.#deps.profiles.of(userId)
    await this.#deps.sender.propose(roomId, async (room) => {
      if ((await room.membership(userId)) === 'join') return undefined
      const vouched = await this.#deps.restrictedJoins.vouchFor(room, userId)
      return member(userId, userId, { ...extra, ...profile, membership: 'join', ...reasonField(reason), ...vouched })
    })
  }

  /** Leaves a room, or turns down an invite; leaving twice changes nothing. @throws MatrixError M_NOT_FOUND */
  async leave(roomId: RoomId, userId: UserId, reason: string | undefined): Promise<void> {
    if ((await this.#deps.rooms.find(roomId)) === undefined) throw notInRoom()
    await this.#deps.sender.propose(roomId, async (room) => {
      const membership = await room.membership(userId)
      if (membership === undefined) throw notInRoom()
      if (membership === 'leave') return undefined
      return member(userId, userId, { membership: 'leave', ...reasonField(reason) })
    })
  }

  /** Invites a user, or tells an invited one again. @throws MatrixError M_FORBIDDEN */
  async invite(action: MembershipAction & { isDirect?: boolean }): Promise<void> {
    const { roomId, sender, target, reason } = action
    await this.#deps.roomBlocks.check(roomId)
    const profile = await this.#deps.profiles.of(target)
    await this.#propose(action, async (room) => {
      if ((await room.membership(target)) === 'ban') {
        throw new MatrixError('M_FORBIDDEN', `${target} is banned from the room`)
      }
      return member(sender, target, { ...profile, membership: 'invite', ...reasonField(reason) })
    })
  }

  /** Removes a user who is in the room or invited to it. @throws MatrixError M_FORBIDDEN */
  async kick(action: MembershipAction): Promise<void> {
    const { sender, target, reason } = action
    await this.#propose(action, async (room) => {
      const membership = await room.membership(target)
      if (membership === undefined || membership === 'leave' || membership === 'ban') {
        throw new MatrixError('M_FORBIDDEN', `${target} is not in the room`)
      }
      return member(sender, target, { membership: 'leave', ...reasonField(reason) })
    })
  }

  /** Bans a user, whatever they are to the room. @throws MatrixError M_FORBIDDEN */
  async ban(action: MembershipAction): Promise<void> {
    const { sender, target, reason } = action
    await this.#propose(action, () => member(sender, target, { membership: 'ban', ...reasonField(reason) }))
  }

  /** Lifts a ban. @throws MatrixError M_FORBIDDEN if there is none */
  async unban(action: MembershipAction): Promise<void> {
    const { sender, target, reason } = action
    await this.#propose(action, async (room) => {
      if ((await room.membership(target)) !== 'ban') {
        throw new MatrixError('M_FORBIDDEN', `${target} is not banned from the room`)
      }
      return member(sender, target, { membership: 'leave', ...reasonField(reason) })
    })
  }

  /** Hides a room that the user has left. @throws MatrixError M_UNKNOWN while the user is in it */
  async forget(roomId: RoomId, userId: UserId): Promise<void> {
    const room = await this.#deps.rooms.find(roomId)
    const userNid = await this.#deps.userNumbers.find(userId)
    const row =
      room === undefined || userNid === undefined
        ? undefined
        : await this.#deps.membershipStore.find(room.roomNid, userNid)
    if (row === undefined || userNid === undefined) throw notInRoom()
    const result = await this.#deps.log.append({
      statements: [this.#deps.membershipStore.forget(row.roomNid, userNid)],
      changes: [{ kind: changeKind.forgotten, roomNid: row.roomNid, userNid }],
    })
    if (!result.committed) throw new MatrixError('M_UNKNOWN', 'You must leave the room before you forget it')
  }

  /**
   * Brings a user's membership events in line with a changed profile. Rooms that do not allow it keep the old one.
   * @spec client-server-api/#events-on-change-of-profile-information
   */
  async updateProfile(userId: UserId): Promise<void> {
    const userNid = await this.#deps.userNumbers.find(userId)
    if (userNid === undefined) return
    const profile = await this.#deps.profiles.of(userId)
    for (const { roomNid, membership } of await this.#deps.membershipStore.ofUser(userNid)) {
      if (membership !== 'join') continue
      const roomId = (await this.#deps.rooms.findByNid(roomNid))?.roomId
      if (roomId === undefined) continue
      try {
        await this.#deps.sender.propose(roomId, async (room) => {
          if ((await room.membership(userId)) !== 'join') return undefined
          return member(userId, userId, { ...profile, membership: 'join' })
        })
      } catch (error) {
        if (!(error instanceof MatrixError)) throw error
      }
    }
  }

  /** A user acts on another: whoever is not in the room hears no more than that. */
  async #propose(
    { roomId, sender }: MembershipAction,
    proposal: (room: RoomView) => Promise<EventDraft | undefined> | EventDraft,
  ): Promise<SentEvent | undefined> {
    return this.#deps.sender.propose(roomId, async (room) => {
      if ((await room.membership(sender)) !== 'join') throw new MatrixError('M_FORBIDDEN', 'You are not in this room')
      return proposal(room)
    })
  }
}

function member(sender: UserId, target: UserId, content: JsonObject): EventDraft {
  return { type: 'm.room.member', stateKey: target, content, sender }
}

function reasonField(reason: string | undefined): JsonObject {
  return reason === undefined ? {} : { reason }
}

function notInRoom(): MatrixError {
  return new MatrixError('M_NOT_FOUND', 'You are not in this room')
}
