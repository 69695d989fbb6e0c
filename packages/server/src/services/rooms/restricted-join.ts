import {
  isJsonObject,
  isRoomId,
  isUserId,
  type JsonObject,
  type JsonValue,
  type RoomId,
  type ServerName,
  serverNameOf,
  type UserId,
} from '@magik/protocol'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { RoomView } from '../events/room-view.ts'
import type { Rooms } from './rooms.ts'

/** What vouching for joins stands on. */
export interface RestrictedJoinDeps {
  readonly rooms: Rooms
  readonly membershipStore: MembershipStore
  readonly serverName: ServerName
}

/**
 * Vouches for users who may join a restricted room because they are in another one.
 * @spec client-server-api/#restricted-rooms
 */
export class RestrictedJoins {
  readonly #deps: RestrictedJoinDeps

  constructor(deps: RestrictedJoinDeps) {
    this.#deps = deps
  }

  /**
   * What the content of a user's join must say for the room to let them in: nothing where the room is not restricted,
   * the user is invited or in it already, or meets none of its conditions.
   */
  async vouchFor(room: RoomView, userId: UserId): Promise<JsonObject> {
    const { rules, allow } = await joinConditions(room)
    const isRestricted =
      (rules === 'restricted' && room.version.restrictedJoins) ||
      (rules === 'knock_restricted' && room.version.knockRestrictedJoins)
    if (!isRestricted) return {}
    const membership = await room.membership(userId)
    if (membership === 'join' || membership === 'invite') return {}
    if (!(await this.#isInAny(allow, userId))) return {}
    const authoriser = await this.#authoriser(room)
    return authoriser === undefined ? {} : { join_authorised_via_users_server: authoriser }
  }

  async #isInAny(roomIds: readonly RoomId[], userId: UserId): Promise<boolean> {
    for (const roomId of roomIds) {
      const room = await this.#deps.rooms.find(roomId)
      if (room !== undefined && (await room.membership(userId)) === 'join') return true
    }
    return false
  }

  /** A user of this server in the room who may invite. */
  async #authoriser(room: RoomView): Promise<UserId | undefined> {
    const power = await room.powerLevels()
    const required = power.forAction('invite')
    const candidates = [...(await powerfulUsers(room)), ...(await this.#members(room))]
    for (const userId of candidates) {
      if (serverNameOf(userId) !== this.#deps.serverName || power.ofUser(userId) < required) continue
      if ((await room.membership(userId)) === 'join') return userId
    }
    return undefined
  }

  async #members(room: RoomView): Promise<UserId[]> {
    return (await this.#deps.membershipStore.heroCandidates(room.roomNid, 'join')).map(({ userId }) => userId)
  }
}

async function joinConditions(room: RoomView): Promise<{ rules: JsonValue | undefined; allow: RoomId[] }> {
  const content = await room.content('m.room.join_rules', '')
  const conditions = content?.['allow']
  const allow = (Array.isArray(conditions) ? conditions : []).flatMap((condition) => {
    if (!isJsonObject(condition) || condition['type'] !== 'm.room_membership') return []
    const roomId = condition['room_id']
    return typeof roomId === 'string' && isRoomId(roomId) ? [roomId] : []
  })
  return { rules: content?.['join_rule'], allow }
}

/** Those whom the room's power levels name, and its creator. */
async function powerfulUsers(room: RoomView): Promise<UserId[]> {
  const users = (await room.content('m.room.power_levels', ''))?.['users']
  const named = isJsonObject(users) ? Object.keys(users).filter(isUserId) : []
  return [(await room.create()).sender, ...named]
}
