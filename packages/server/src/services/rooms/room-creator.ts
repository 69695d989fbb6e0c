import { type JsonObject, MatrixError, type RoomId, type UserId } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { AliasStore } from '../../storage/alias-store.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import type { EventDraft } from '../events/event-draft.ts'
import type { EventSender } from '../events/event-sender.ts'
import type { MemberProfiles } from '../users/member-profile.ts'
import { additionalCreators, initialPowerLevels } from './initial-power-levels.ts'
import type { InitialState, RoomCreationRequest, RoomPreset } from './room-creation-request.ts'

const ENCRYPTION = { algorithm: 'm.megolm.v1.aes-sha2' }

/** What a preset sets besides power levels. @spec client-server-api/#post_matrixclientv3createroom */
const PRESETS: Readonly<Record<RoomPreset, readonly InitialState[]>> = {
  private_chat: presetState('invite', 'can_join'),
  trusted_private_chat: presetState('invite', 'can_join'),
  public_chat: presetState('public', 'forbidden'),
}

/** What room creation stands on. */
export interface RoomCreatorDeps {
  readonly sender: EventSender
  readonly profiles: MemberProfiles
  readonly aliasStore: AliasStore
  readonly roomStore: RoomStore
  readonly clock: Clock
  /** Keys of the power levels that the configuration replaces, by preset. */
  readonly powerLevelOverrides: Readonly<Record<RoomPreset, JsonObject>>
  /** Which new rooms are encrypted unless their creator says otherwise. */
  readonly encryptByDefault: 'all' | 'invite' | 'off'
}

/** Makes rooms: all first events, the alias and the directory entry in one commit. */
export class RoomCreator {
  readonly #deps: RoomCreatorDeps

  constructor(deps: RoomCreatorDeps) {
    this.#deps = deps
  }

  /**
   * @throws MatrixError M_ROOM_IN_USE if the alias is taken; M_INVALID_ROOM_STATE if the state asked for is not allowed.
   * @spec client-server-api/#post_matrixclientv3createroom
   */
  async create(request: RoomCreationRequest): Promise<{ roomId: RoomId; position: number }> {
    const drafts = await this.#drafts(request)
    const { aliasStore, roomStore, clock, sender } = this.#deps
    try {
      return await sender.createRoom({
        creator: request.creator,
        version: request.version,
        drafts,
        extra: (roomNid, creatorNid) => [
          ...(request.alias === undefined
            ? []
            : [aliasStore.insert({ alias: request.alias, roomNid, creatorNid, createdTs: clock.now() })]),
          ...(request.isPublished ? [roomStore.setPublished(roomNid, true)] : []),
        ],
      })
    } catch (error) {
      if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') {
        throw new MatrixError('M_INVALID_ROOM_STATE', error.message, { cause: error })
      }
      throw error
    }
  }

  async #drafts(request: RoomCreationRequest): Promise<EventDraft[]> {
    const { creator, version } = request
    const state = (type: string, content: JsonObject, stateKey = ''): EventDraft => ({
      type,
      stateKey,
      content,
      sender: creator,
    })
    const create: JsonObject = {
      ...request.creationContent,
      ...additionalCreators(request),
      room_version: version.id,
      ...(version.creatorNamedBy === 'content' && { creator }),
    }
    return [
      state('m.room.create', create),
      await this.#member(creator, creator, 'join', false),
      state('m.room.power_levels', this.#powerLevels(request)),
      ...(request.alias === undefined ? [] : [state('m.room.canonical_alias', { alias: request.alias })]),
      ...this.#initialState(request).map(({ type, stateKey, content }) => state(type, content, stateKey)),
      ...(await Promise.all(
        request.invites.map((userId) => this.#member(creator, userId, 'invite', request.isDirect)),
      )),
    ]
  }

  async #member(sender: UserId, userId: UserId, membership: string, isDirect: boolean): Promise<EventDraft> {
    const profile = await this.#deps.profiles.of(userId)
    const content = { ...profile, membership, ...(isDirect && { is_direct: true }) }
    return { type: 'm.room.member', stateKey: userId, content, sender }
  }

  #powerLevels(request: RoomCreationRequest): JsonObject {
    // An initial power level event replaces the preset's, as any other initial state does.
    const given = request.initialState.find(({ type, stateKey }) => type === 'm.room.power_levels' && stateKey === '')
    return given?.content ?? initialPowerLevels(request, this.#deps.powerLevelOverrides[request.preset])
  }

  /** Preset, then what the creator lists, then name and topic: the later wins. */
  #initialState(request: RoomCreationRequest): InitialState[] {
    const byKey = new Map<string, InitialState>()
    const add = (state: InitialState) => byKey.set(JSON.stringify([state.type, state.stateKey]), state)
    PRESETS[request.preset].forEach(add)
    if (this.#isEncryptedByDefault(request.preset)) {
      add({ type: 'm.room.encryption', stateKey: '', content: ENCRYPTION })
    }
    request.initialState.filter(({ type }) => type !== 'm.room.power_levels').forEach(add)
    if (request.name !== undefined) add({ type: 'm.room.name', stateKey: '', content: { name: request.name } })
    if (request.topic !== undefined) {
      const content = { topic: request.topic, 'm.topic': { 'm.text': [{ body: request.topic }] } }
      add({ type: 'm.room.topic', stateKey: '', content })
    }
    return [...byKey.values()]
  }

  #isEncryptedByDefault(preset: RoomPreset): boolean {
    const { encryptByDefault } = this.#deps
    return encryptByDefault === 'all' || (encryptByDefault === 'invite' && preset !== 'public_chat')
  }
}

function presetState(joinRule: string, guestAccess: string): InitialState[] {
  return [
    { type: 'm.room.join_rules', stateKey: '', content: { join_rule: joinRule } },
    { type: 'm.room.history_visibility', stateKey: '', content: { history_visibility: 'shared' } },
    { type: 'm.room.guest_access', stateKey: '', content: { guest_access: guestAccess } },
  ]
}
