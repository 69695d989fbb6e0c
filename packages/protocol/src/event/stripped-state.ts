import { type UserId, isUserId } from '../identifiers.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import type { Pdu } from './pdu.ts'

/**
 * The types of state that tell a potential joiner what a room is. All have an empty state key.
 * @spec client-server-api/#stripped-state
 */
export const STRIPPED_STATE_TYPES: readonly string[] = [
  'm.room.create',
  'm.room.name',
  'm.room.avatar',
  'm.room.topic',
  'm.room.join_rules',
  'm.room.canonical_alias',
  'm.room.encryption',
]

/** A state event reduced to what a stranger to the room may see of it. @spec client-server-api/#stripped-state */
export type StrippedStateEvent = {
  type: string
  state_key: string
  sender: UserId
  content: JsonObject
}

/**
 * Reduces a state event to its stripped form.
 * @returns `undefined` if the event is no state event.
 * @spec client-server-api/#stripped-state
 */
export function stripStateEvent(pdu: Pdu): StrippedStateEvent | undefined {
  if (pdu.state_key === undefined) return undefined
  return { type: pdu.type, state_key: pdu.state_key, sender: pdu.sender, content: pdu.content }
}

/**
 * Reads stripped state that another server sent: whole events or stripped ones. Nothing but the four permitted fields
 * passes on to clients.
 * @returns `undefined` if a field is missing or mistyped.
 * @spec client-server-api/#stripped-state
 */
export function parseStrippedStateEvent(value: JsonValue): StrippedStateEvent | undefined {
  if (!isJsonObject(value)) return undefined
  const { type, state_key: stateKey, sender, content } = value
  if (typeof type !== 'string' || typeof stateKey !== 'string' || typeof sender !== 'string') return undefined
  if (!isUserId(sender) || !isJsonObject(content)) return undefined
  return { type, state_key: stateKey, sender, content }
}
