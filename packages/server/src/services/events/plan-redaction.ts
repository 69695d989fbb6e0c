import { type EventId, type Pdu, PowerLevels, serverNameOf } from '@magik/protocol'
import { currentState, type StateReading } from './auth-state.ts'
import type { AppliedRedaction } from './built-event.ts'
import type { RoomHead } from './room-heads.ts'

/**
 * Whether a redaction takes effect: its sender may redact others' events in this room, or is of the server that sent
 * the redacted event. A redaction that does not is an event like any other.
 * @spec rooms/v3/#handling-redactions
 */
export async function planRedaction(
  deps: StateReading,
  head: RoomHead,
  redaction: Pdu,
  redacts: EventId | undefined,
): Promise<AppliedRedaction | undefined> {
  if (redacts === undefined) return undefined
  const target = await deps.events.findForWriting(redacts)
  if (target !== undefined && target.roomNid !== head.roomNid) return undefined
  // Where the authorisation rules ask for the right to redact, whoever got past them has it.
  if (head.version.redactionRightCheckedBy === 'auth-rules') return { eventId: redacts, eventNid: target?.eventNid }
  const isOwnServers = target !== undefined && serverNameOf(target.sender) === serverNameOf(redaction.sender)
  if (!isOwnServers && !(await mayRedactOthers(deps, head, redaction))) return undefined
  return { eventId: redacts, eventNid: target?.eventNid }
}

async function mayRedactOthers(deps: StateReading, head: RoomHead, redaction: Pdu): Promise<boolean> {
  const create = await currentState(deps, head, 'm.room.create', '')
  if (create === undefined) return false
  const levels = await currentState(deps, head, 'm.room.power_levels', '')
  const power = PowerLevels.from(levels?.pdu.content, create.pdu, head.version)
  return power.ofUser(redaction.sender) >= power.forAction('redact')
}
