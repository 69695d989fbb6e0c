import { redactedEventId } from '../event/redacted-event-id.ts'
import { type EventId, eventServerName } from '../identifiers.ts'
import type { AuthCheck } from './auth-check.ts'
import { ALLOWED, refuse, type Verdict } from './verdict.ts'

/** @spec rooms/v1/#authorisation-rules */
export function checkRedaction(check: AuthCheck): Verdict {
  // v2: 11.1
  if (check.senderLevel >= check.powerLevels.forAction('redact')) return ALLOWED
  // v2: 11.2
  const redacted = serverOf(redactedEventId(check.pdu, check.version))
  if (redacted !== undefined && redacted === serverOf(check.event.eventId)) return ALLOWED
  // v2: 11.3
  return refuse('v2/11.3', 'The sender may not redact events of other servers')
}

function serverOf(eventId: EventId | undefined): string | undefined {
  return eventId === undefined ? undefined : eventServerName(eventId)
}
