import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import type { RoomVersion } from '../room-version/room-version.ts'

/** The type and state key of a state event. */
export type StateKey = readonly [type: string, stateKey: string]

/** What of an event decides which state gives the permission to send it. */
export interface AuthorisedEvent {
  readonly type: string
  readonly state_key?: string
  readonly sender: string
  readonly content: JsonObject
}

const CREATE: StateKey = ['m.room.create', '']
const POWER_LEVELS: StateKey = ['m.room.power_levels', '']
const JOIN_RULES: StateKey = ['m.room.join_rules', '']

/**
 * The state that an event lists as its permission, in `auth_events`, as far as the room has it. Each key is named once.
 * @spec server-server-api/#auth-events-selection
 */
export function authEventKeys(event: AuthorisedEvent, version: RoomVersion): readonly StateKey[] {
  if (event.type === 'm.room.create') return []
  const keys: StateKey[] = version.createEventIn === 'auth-events' ? [CREATE, POWER_LEVELS] : [POWER_LEVELS]
  keys.push(['m.room.member', event.sender])
  if (event.type === 'm.room.member' && event.state_key !== undefined)
    addMemberKeys(keys, event, event.state_key, version)
  return keys
}

function addMemberKeys(
  keys: StateKey[],
  { sender, content }: AuthorisedEvent,
  target: string,
  version: RoomVersion,
): void {
  const { membership, join_authorised_via_users_server: authoriser } = content
  if (target !== sender) keys.push(['m.room.member', target])
  if (membership === 'join' || membership === 'invite' || (membership === 'knock' && version.knocking))
    keys.push(JOIN_RULES)
  const token = membership === 'invite' ? tokenOf(content.third_party_invite) : undefined
  if (token !== undefined) keys.push(['m.room.third_party_invite', token])
  if (membership !== 'join' || !version.restrictedJoins || typeof authoriser !== 'string') return
  if (authoriser !== sender && authoriser !== target) keys.push(['m.room.member', authoriser])
}

function tokenOf(thirdPartyInvite: JsonValue | undefined): string | undefined {
  const signed = isJsonObject(thirdPartyInvite) ? thirdPartyInvite.signed : undefined
  return isJsonObject(signed) && typeof signed.token === 'string' ? signed.token : undefined
}
