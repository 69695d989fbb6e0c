import type { JsonObject } from '../json/json-value.ts'
import { isJsonObject } from '../json/json-value.ts'
import type { ContentRedaction } from '../room-version/redaction-rules.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { Pdu } from './pdu.ts'

/**
 * Strips an event down to what the protocol needs of it. The given event is left as it is; parts that stay whole are
 * shared with it.
 * @spec client-server-api/#redactions
 */
export function redact(pdu: Pdu, version: RoomVersion): Pdu {
  // Every room version keeps the required fields; the others are looked up.
  const redacted: Pdu = {
    type: pdu.type,
    sender: pdu.sender,
    content: redactContent(pdu.content, version.redaction.content.get(pdu.type)),
    prev_events: pdu.prev_events,
    auth_events: pdu.auth_events,
    depth: pdu.depth,
    origin_server_ts: pdu.origin_server_ts,
    hashes: pdu.hashes,
    signatures: pdu.signatures,
  }
  for (const key of version.redaction.optionalKeys) {
    const value = pdu[key]
    if (value !== undefined) redacted[key] = value
  }
  return redacted
}

function redactContent(content: JsonObject, rule: ContentRedaction | undefined): JsonObject {
  if (rule === 'all') return content
  const kept: JsonObject = {}
  if (rule === undefined) return kept
  for (const [key, keptKeys] of rule) {
    const value = content[key]
    if (value === undefined) continue
    if (keptKeys === 'all') kept[key] = value
    // Deviation: the spec does not say what becomes of an object none of whose keys stay. It stays, empty, because
    // Synapse does so and the event's ID depends on it.
    else if (isJsonObject(value)) kept[key] = pick(value, keptKeys)
  }
  return kept
}

function pick(source: JsonObject, keys: readonly string[]): JsonObject {
  const picked: JsonObject = {}
  for (const key of keys) {
    const value = source[key]
    if (value !== undefined) picked[key] = value
  }
  return picked
}
