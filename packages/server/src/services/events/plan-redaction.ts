import { type Pdu, PowerLevels, redactedEventId, type RoomVersion, serverNameOf } from '@magik/protocol'
import type { StoredEvent } from '../../storage/stored-event.ts'
import { stateAt, type StateReading } from './auth-state.ts'
import type { PlannedRedaction } from './built-event.ts'

/** A redaction, with the state it was sent in. */
interface RedactionInPlace {
  readonly pdu: Pdu
  readonly version: RoomVersion
  readonly roomNid: number
  readonly stateBefore: number
}

/**
 * What an accepted redaction is about. It takes effect at once on an event that is known; one that comes later finds
 * the redaction waiting for it (`waitingRedaction`).
 * @returns undefined for an event that is no redaction.
 * @spec rooms/v3/#handling-redactions
 */
export async function planRedaction(
  deps: StateReading,
  redaction: RedactionInPlace,
): Promise<PlannedRedaction | undefined> {
  const redacts = redactedEventId(redaction.pdu, redaction.version)
  if (redacts === undefined) return undefined
  const target = await deps.events.findForWriting(redacts)
  const takesEffect = target !== undefined && (await mayRedact(deps, redaction, target))
  return { eventId: redacts, eventNid: takesEffect ? target.eventNid : undefined }
}

/**
 * The redaction that has come before the event it is about, if there is one that takes effect.
 * @param redactionNids numbers of the redactions that name the event.
 */
export async function waitingRedaction(
  deps: StateReading,
  redactionNids: readonly number[],
  target: Pick<StoredEvent, 'roomNid' | 'sender'>,
): Promise<number | undefined> {
  for (const redactionNid of redactionNids) {
    const event = await deps.events.get(redactionNid)
    const { roomNid, roomVersion: version, stateBefore = 0 } = event
    const redaction = { pdu: deps.events.pdu(event), version, roomNid, stateBefore }
    if (await mayRedact(deps, redaction, target)) return redactionNid
  }
  return undefined
}

/** Whether a redaction's sender may redact others' events in the room, or is of the server that sent the event. */
async function mayRedact(
  deps: StateReading,
  redaction: RedactionInPlace,
  target: Pick<StoredEvent, 'roomNid' | 'sender'>,
): Promise<boolean> {
  if (target.roomNid !== redaction.roomNid) return false
  // Where the authorisation rules have the say, they have said it by letting the redaction pass.
  if (redaction.version.redactionRightCheckedBy === 'auth-rules') return true
  if (serverNameOf(target.sender) === serverNameOf(redaction.pdu.sender)) return true
  return mayRedactOthers(deps, redaction)
}

async function mayRedactOthers(deps: StateReading, redaction: RedactionInPlace): Promise<boolean> {
  const { pdu, version, roomNid, stateBefore } = redaction
  const create = await stateAt(deps, roomNid, stateBefore, 'm.room.create', '')
  if (create === undefined) return false
  const levels = await stateAt(deps, roomNid, stateBefore, 'm.room.power_levels', '')
  const power = PowerLevels.from(levels?.pdu.content, create.pdu, version)
  return power.ofUser(pdu.sender) >= power.forAction('redact')
}
