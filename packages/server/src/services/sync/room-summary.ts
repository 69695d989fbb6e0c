import type { JsonObject, UserId } from '@magik/protocol'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { RoomView } from '../events/room-view.ts'

/** Most heroes a summary names. @spec client-server-api/#get_matrixclientv3sync */
const MAX_HEROES = 5

/** What a client needs to name a room whose members it has not loaded. */
export interface RoomSummary {
  readonly json: JsonObject
  /** Numbers of the heroes' membership events. */
  readonly heroEventNids: readonly number[]
}

/** Summarises rooms for clients that load members lazily. */
export class RoomSummaries {
  readonly #memberships: MembershipStore

  constructor(deps: { membershipStore: MembershipStore }) {
    this.#memberships = deps.membershipStore
  }

  /**
   * A room's member counts and, where it has neither name nor alias, its heroes.
   * @spec client-server-api/#get_matrixclientv3sync
   */
  async summarise(room: RoomView, reader: UserId): Promise<RoomSummary> {
    const counts = {
      'm.joined_member_count': room.joinedMembers,
      'm.invited_member_count': room.invitedMembers,
    }
    if (await isNamed(room)) return { json: counts, heroEventNids: [] }
    const heroes = await this.#heroes(room.roomNid, reader)
    return {
      json: { ...counts, 'm.heroes': heroes.map(({ userId }) => userId) },
      heroEventNids: heroes.map(({ eventNid }) => eventNid),
    }
  }

  async #heroes(roomNid: number, reader: UserId): Promise<{ userId: UserId; eventNid: number }[]> {
    const present = [
      ...(await this.#memberships.heroCandidates(roomNid, 'join')),
      ...(await this.#memberships.heroCandidates(roomNid, 'invite')),
    ].filter(({ userId }) => userId !== reader)
    if (present.length > 0) return present.slice(0, MAX_HEROES)
    const gone = [
      ...(await this.#memberships.heroCandidates(roomNid, 'leave')),
      ...(await this.#memberships.heroCandidates(roomNid, 'ban')),
    ]
    return gone.filter(({ userId }) => userId !== reader).slice(0, MAX_HEROES)
  }
}

async function isNamed(room: RoomView): Promise<boolean> {
  const name = (await room.content('m.room.name', ''))?.['name']
  if (typeof name === 'string' && name !== '') return true
  const alias = (await room.content('m.room.canonical_alias', ''))?.['alias']
  return typeof alias === 'string' && alias !== ''
}
