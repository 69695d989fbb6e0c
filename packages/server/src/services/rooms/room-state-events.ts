import {
  canonicalJson,
  type EventId,
  isUserId,
  type JsonObject,
  MatrixError,
  type RoomId,
  type UserId,
} from '@magik/protocol'
import type { StoredEvent } from '../../storage/stored-event.ts'
import { refuseSuspended } from '../auth/suspension.ts'
import type { Requester } from '../auth/requester.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { EventSender } from '../events/event-sender.ts'
import type { MemberProfiles } from '../users/member-profile.ts'
import type { CanonicalAliases } from './canonical-aliases.ts'
import { checkGuestAccess } from './guest-access.ts'
import type { InvitePolicy } from './invite-policy.ts'
import type { RoomBlocks } from './room-blocks.ts'
import type { Rooms } from './rooms.ts'

/** A state event that a user wants in force. */
export interface StateEventRequest {
  readonly roomId: RoomId
  readonly requester: Requester
  readonly type: string
  readonly stateKey: string
  readonly content: JsonObject
}

/** What setting state stands on. */
export interface RoomStateEventsDeps {
  readonly sender: EventSender
  readonly rooms: Rooms
  readonly events: EventReader
  readonly profiles: MemberProfiles
  readonly invitePolicy: InvitePolicy
  readonly canonicalAliases: CanonicalAliases
  readonly roomBlocks: RoomBlocks
  /** Whether a user may have another name in a single room. */
  readonly allowPerRoomProfiles: boolean
}

/** Sets a room's state for its users: what the authorisation rules do not know of is checked here. */
export class RoomStateEvents {
  readonly #deps: RoomStateEventsDeps

  constructor(deps: RoomStateEventsDeps) {
    this.#deps = deps
  }

  /**
   * Setting what is in force already answers with the event that set it.
   * @returns the ID of the event in force.
   * @throws MatrixError M_FORBIDDEN, M_USER_SUSPENDED, M_BAD_ALIAS, M_INVALID_PARAM and as `EventSender.propose`
   * @spec client-server-api/#put_matrixclientv3roomsroomidstateeventtypestatekey
   */
  async set(request: StateEventRequest): Promise<EventId> {
    const { roomId, requester, type, stateKey } = request
    const content = await this.#checkedContent(request)
    const { userId: sender } = requester
    const inForce: { event?: StoredEvent } = {}
    const sent = await this.#deps.sender.propose(roomId, async (room) => {
      const present = await room.state(type, stateKey)
      if (present !== undefined && (await this.#isRepeated(present, sender, content))) {
        inForce.event = present
        return undefined
      }
      return { type, stateKey, content, sender }
    })
    const eventId = sent?.eventId ?? inForce.event?.eventId
    if (eventId === undefined) throw new Error('neither was state set nor was it in force')
    return eventId
  }

  async #checkedContent(request: StateEventRequest): Promise<JsonObject> {
    const { roomId, requester, type, stateKey, content } = request
    if (type === 'm.room.member') return this.#memberContent(request)
    refuseSuspended(requester)
    if (type === 'm.room.redaction') {
      // As state it would take effect without the checks of the endpoint for redactions.
      throw new MatrixError('M_INVALID_PARAM', 'A redaction is no state event')
    }
    if (type === 'm.room.canonical_alias' && stateKey === '') await this.#deps.canonicalAliases.check(roomId, content)
    return content
  }

  async #memberContent({ roomId, requester, stateKey, content }: StateEventRequest): Promise<JsonObject> {
    if (!isUserId(stateKey)) throw new MatrixError('M_INVALID_PARAM', 'The state key must be a user ID')
    const { rooms, invitePolicy, roomBlocks } = this.#deps
    const { membership } = content
    const isOwn = stateKey === requester.userId
    if (!isOwn || membership !== 'leave') refuseSuspended(requester)
    if (membership === 'join' || membership === 'invite' || membership === 'knock') await roomBlocks.check(roomId)
    if (membership === 'invite') invitePolicy.check(requester, stateKey)
    if (membership === 'join') await checkGuestAccess(requester, await rooms.get(roomId))
    // This server vouches for the join with its signature, so no client may claim somebody's authority for it.
    const { join_authorised_via_users_server: _claimed, ...claims } = content
    return membership === 'join' || membership === 'invite' ? this.#withProfile(stateKey, isOwn, claims) : claims
  }

  async #withProfile(userId: UserId, isOwn: boolean, content: JsonObject): Promise<JsonObject> {
    const { profiles, allowPerRoomProfiles } = this.#deps
    const profile = await profiles.of(userId)
    if (isOwn && allowPerRoomProfiles) return { ...profile, ...content }
    const { displayname: _name, avatar_url: _avatar, ...rest } = content
    return { ...rest, ...profile }
  }

  async #isRepeated(present: StoredEvent, sender: UserId, content: JsonObject): Promise<boolean> {
    if (present.sender !== sender) return false
    const { events } = this.#deps
    // One that is still on its way to the disk must not be answered with.
    if ((await events.get(present.eventNid)).position === undefined) return false
    return canonicalJson(events.pdu(present).content, { lossless: true }) === canonicalJson(content, { lossless: true })
  }
}
