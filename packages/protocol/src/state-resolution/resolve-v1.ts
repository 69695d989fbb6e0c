import { hash } from 'node:crypto'
import { authEventKeys, type StateKey } from '../auth-rules/auth-event-keys.ts'
import type { AuthState } from '../auth-rules/auth-state.ts'
import { checkAuthRules } from '../auth-rules/check-auth-rules.ts'
import { JsonNumber } from '../json/json-value.ts'
import type { EventId } from '../identifiers.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { batches, type EventReader } from './event-reader.ts'
import { PartialState } from './partial-state.ts'
import type { ResolutionEvent } from './resolution-events.ts'
import type { ResolvedEntry, StateConflict } from './state-conflict.ts'

/** A key on which forks have different events. */
interface Dispute {
  readonly key: StateKey
  readonly eventIds: readonly EventId[]
}

const CREATE: StateKey = ['m.room.create', '']

/** What is resolved in turn. Each round sees the outcome of those before; all other keys follow in a last one. */
const ROUNDS: readonly ((key: StateKey) => boolean)[] = [
  ([type, stateKey]) => type === 'm.room.power_levels' && stateKey === '',
  ([type]) => type === 'm.room.join_rules',
  ([type]) => type === 'm.room.member',
]

/**
 * State resolution version 1. Here a key that only some forks have is no conflict: its event is taken as it is. The
 * spec does not say whether keys of one round see each other's outcome; as in Synapse they do not.
 * @spec rooms/v1/#state-resolution
 */
export async function resolveV1(conflict: StateConflict, reader: EventReader): Promise<ResolvedEntry[]> {
  const state = new PartialState(conflict, 'unconflicted')
  const rounds = ROUNDS.map((): Dispute[] => [])
  const others: Dispute[] = []
  for (const { key, events } of conflict.conflicted) {
    const eventIds = [...new Set(events.filter((eventId) => eventId !== undefined))]
    const [only] = eventIds
    if (eventIds.length > 1) (rounds[ROUNDS.findIndex((isOfRound) => isOfRound(key))] ?? others).push({ key, eventIds })
    else if (only !== undefined) state.set(...key, only)
  }
  for (const round of rounds) await settle(round, state, reader, lastOfAllowedLine)
  await settle(others, state, reader, latestAllowed)
  return conflict.conflicted.map(({ key }) => ({ key, eventId: state.get(...key) }))
}

/** Picks one of several events, sorted from the deepest to the least deep; at least one. */
type Pick = (events: readonly ResolutionEvent[], state: AuthState, version: RoomVersion) => ResolutionEvent | undefined

async function settle(disputes: readonly Dispute[], state: PartialState, reader: EventReader, pick: Pick) {
  const outcome: (readonly [StateKey, EventId])[] = []
  for (const batch of batches(disputes)) {
    const events = await reader.load(batch.flatMap(({ eventIds }) => eventIds))
    const keys = [...events.values()].flatMap(({ pdu }) => [CREATE, ...authEventKeys(pdu, reader.version)])
    const stateEvents = await reader.load(await state.prepare(keys))
    const authState: AuthState = (type, stateKey) => {
      const eventId = state.get(type, stateKey)
      return eventId === undefined ? undefined : stateEvents.get(eventId)?.pdu
    }
    for (const { key, eventIds } of batch) {
      const known = eventIds.flatMap((eventId) => events.get(eventId) ?? []).sort(compareFromDeepest)
      const picked = pick(known, authState, reader.version)
      if (picked) outcome.push([key, picked.eventId])
    }
  }
  for (const [key, eventId] of outcome) state.set(...key, eventId)
}

/** The least deep event, then each next one for as long as the last permits it. */
const lastOfAllowedLine: Pick = (events, state, version) => {
  let last: ResolutionEvent | undefined
  for (const event of events.toReversed()) {
    const pdu = last?.pdu
    const afterLast: AuthState = (type, stateKey) =>
      type === pdu?.type && stateKey === pdu.state_key ? pdu : state(type, stateKey)
    if (last && !checkAuthRules(event, afterLast, version).allowed) return last
    last = event
  }
  return last
}

/** The deepest event that is allowed; the least deep if none is. */
const latestAllowed: Pick = (events, state, version) =>
  events.find((event) => checkAuthRules(event, state, version).allowed) ?? events.at(-1)

/** By descending depth, then by ascending SHA-1 hash of the ID. */
function compareFromDeepest(a: ResolutionEvent, b: ResolutionEvent): number {
  return compareNumbers(b.pdu.depth, a.pdu.depth) || (sha1(a.eventId) < sha1(b.eventId) ? -1 : 1)
}

/** Depths of room version 1 go up to 2^63 − 1, more than a double tells apart. */
function compareNumbers(a: number | JsonNumber, b: number | JsonNumber): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const difference = integerOf(a) - integerOf(b)
  return difference === 0n ? 0 : difference < 0n ? -1 : 1
}

function integerOf(depth: number | JsonNumber): bigint {
  return BigInt(depth instanceof JsonNumber ? depth.literal : depth)
}

function sha1(eventId: EventId): string {
  return hash('sha1', eventId)
}
