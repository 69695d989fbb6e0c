import type { JsonObject, RoomAlias, RoomVersion, UserId } from '@magik/protocol'

/** A named set of initial state. @spec client-server-api/#post_matrixclientv3createroom */
export type RoomPreset = 'private_chat' | 'trusted_private_chat' | 'public_chat'

/** A state event that the creator asks for. */
export interface InitialState {
  readonly type: string
  readonly stateKey: string
  readonly content: JsonObject
}

/** What a user asks for when making a room, read and checked. */
export interface RoomCreationRequest {
  readonly creator: UserId
  readonly version: RoomVersion
  readonly preset: RoomPreset
  readonly isPublished: boolean
  readonly alias: RoomAlias | undefined
  readonly name: string | undefined
  readonly topic: string | undefined
  readonly invites: readonly UserId[]
  readonly creationContent: JsonObject
  readonly initialState: readonly InitialState[]
  readonly isDirect: boolean
  readonly powerLevelOverride: JsonObject
}
