import {
  type EventId,
  JsonError,
  MatrixError,
  type Pdu,
  parseJsonText,
  parsePdu,
  requiredSigners,
  type RoomEvent,
  type RoomId,
  type RoomVersion,
  type ServerName,
  signingKeyIds,
} from '@magik/protocol'
import type { EventSource } from '../events/receive/event-source.ts'
import type { GapFiller } from '../events/receive/gap-filler.ts'
import type { Receipt } from '../events/receive/received-event.ts'
import type { KnownServerKey, PduCheckResult } from './pdu-checks/messages.ts'
import type { PduChecker } from './pdu-checks/pdu-checker.ts'

/** A key that a check needs. */
export interface WantedKey {
  readonly serverName: ServerName
  readonly keyId: string
}

/** Where the public keys of other servers come from. It answers within bounded time, with those that can be had. */
export interface ServerKeySource {
  keys(wanted: readonly WantedKey[]): Promise<readonly KnownServerKey[]>
}

/** What became of a PDU. `dropped`: it is not an event of the room, or not signed as it must be, and nothing is kept. */
export type PduOutcome =
  | { readonly kind: 'received'; readonly eventId: EventId; readonly receipt: Receipt }
  | { readonly kind: 'dropped'; readonly reason: string }

/** What receiving PDUs takes. */
export interface IncomingPdusDeps {
  readonly checker: Pick<PduChecker, 'check'>
  readonly gapFiller: GapFiller
  readonly keys: ServerKeySource
}

/** A PDU whose format is right. */
interface Candidate {
  readonly json: string
  readonly pdu: Pdu
}

/**
 * Takes PDUs of a room as they come from another server through all checks on receipt: format, signatures and hashes off
 * the main thread, then those that ask for the room. One bad PDU is no reason to refuse another.
 * @spec server-server-api/#checks-performed-on-receipt-of-a-pdu
 */
export class IncomingPdus {
  readonly #deps: IncomingPdusDeps

  constructor(deps: IncomingPdusDeps) {
    this.#deps = deps
  }

  /**
   * @param texts the PDUs as they came, number literals included, in the order to receive them in.
   * @returns what became of each, in order.
   * @throws MatrixError M_LIMIT_EXCEEDED with status 503 when too much is waiting; PduCheckError when events could not be
   *   checked for a reason that is none of theirs.
   */
  async receive(
    room: { readonly roomId: RoomId; readonly version: RoomVersion },
    texts: readonly string[],
    source: EventSource,
  ): Promise<PduOutcome[]> {
    const candidates = texts.map((json) => candidate(json, room.version))
    const results = await this.#check(candidates.filter(isCandidate), room.version)
    const outcomes: PduOutcome[] = []
    const events: RoomEvent[] = []
    const places: number[] = []
    let next = 0
    for (const [index, each] of candidates.entries()) {
      const event = isCandidate(each) ? accepted(each, results[next++], room) : each
      outcomes.push(isRoomEvent(event) ? { kind: 'dropped', reason: 'not received' } : event)
      if (!isRoomEvent(event)) continue
      events.push(event)
      places.push(index)
    }
    const receipts = events.length === 0 ? [] : await this.#deps.gapFiller.receive(room.roomId, events, source)
    for (const [index, receipt] of receipts.entries()) {
      const [event, place] = [events[index], places[index]]
      if (event !== undefined && place !== undefined) {
        outcomes[place] = { kind: 'received', eventId: event.eventId, receipt }
      }
    }
    return outcomes
  }

  async #check(candidates: readonly Candidate[], version: RoomVersion): Promise<readonly PduCheckResult[]> {
    if (candidates.length === 0) return []
    const wanted = new Map<string, WantedKey>()
    for (const { pdu } of candidates) for (const key of keysOf(pdu, version)) wanted.set(keyName(key), key)
    const keys = await this.#deps.keys.keys([...wanted.values()])
    const known = new Map(keys.map((key) => [keyName(key), key]))
    return this.#deps.checker.check(
      candidates.map(({ json, pdu }) => ({
        json,
        roomVersion: version.id,
        keys: keysOf(pdu, version).flatMap((key) => known.get(keyName(key)) ?? []),
      })),
    )
  }
}

function candidate(json: string, version: RoomVersion): Candidate | PduOutcome {
  try {
    return { json, pdu: parsePdu(parseJsonText(json), version) }
  } catch (error) {
    if (error instanceof JsonError || error instanceof MatrixError) return { kind: 'dropped', reason: error.message }
    throw error
  }
}

function isCandidate(value: Candidate | PduOutcome): value is Candidate {
  return 'pdu' in value
}

function isRoomEvent(value: RoomEvent | PduOutcome): value is RoomEvent {
  return 'pdu' in value
}

/** The event that has passed the checks, in its redacted form if that is all that is right of it. */
function accepted(
  { pdu }: Candidate,
  result: PduCheckResult | undefined,
  room: { readonly roomId: RoomId; readonly version: RoomVersion },
): RoomEvent | PduOutcome {
  if (result === undefined) throw new Error('a check was left without a result')
  if (result.kind === 'malformed') return { kind: 'dropped', reason: result.reason }
  if (result.kind === 'badly-signed') {
    return { kind: 'dropped', reason: `${result.reason}: ${result.signer.serverName ?? 'no server'}` }
  }
  const { eventId, roomId, redactedJson } = result
  if (roomId !== room.roomId) return { kind: 'dropped', reason: 'the event is of another room' }
  return {
    eventId,
    roomId,
    pdu: redactedJson === undefined ? pdu : parsePdu(parseJsonText(redactedJson), room.version),
  }
}

function keysOf(pdu: Pdu, version: RoomVersion): WantedKey[] {
  return requiredSigners(pdu, version).flatMap(({ serverName }) =>
    serverName === undefined ? [] : signingKeyIds(pdu, serverName).map((keyId) => ({ serverName, keyId })),
  )
}

function keyName({ serverName, keyId }: WantedKey): string {
  return `${serverName} ${keyId}`
}
