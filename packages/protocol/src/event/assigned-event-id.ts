import type { ServerName } from '../identifiers.ts'
import { eventIdOfServer } from '../identifiers.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import type { PduDraft } from './pdu.ts'

/**
 * Completes a draft by the ID that its server assigns it, in room versions whose events carry one. It must be there
 * before the event is hashed and signed. In other room versions the draft is handed back as it is.
 * @param localpart makes the part before the server name; unique on this server, so best random. Called only if needed.
 * @returns the draft, or a copy with `event_id`.
 * @throws MatrixError M_INVALID_PARAM if the localpart makes no event ID.
 * @spec rooms/v1/#event-ids
 */
export function assignEventId(
  draft: PduDraft,
  serverName: ServerName,
  localpart: () => string,
  version: RoomVersion,
): PduDraft {
  if (version.eventIdFormat !== 'assigned') return draft
  return { ...draft, event_id: eventIdOfServer(localpart(), serverName) }
}
