import {
  type AuthState,
  authEventKeys,
  type EventReference,
  type PduDraft,
  type RoomVersion,
  referenceTo,
} from '@magik/protocol'
import type { StateTree } from '../state/state-tree.ts'
import type { EventReader } from './event-reader.ts'
import { type CachedState, type RoomHead, stateCacheKey } from './room-heads.ts'

/** What reading a room's newest state takes. */
export interface StateReading {
  readonly tree: StateTree
  readonly events: EventReader
}

/** What of an event decides which state it is checked against. */
export type EventUnderCheck = Pick<PduDraft, 'type' | 'sender' | 'state_key' | 'content'>

/** The part of a room's state that decides whether an event is allowed. */
export interface LoadedAuthState {
  readonly lookup: AuthState
  /** What the event lists as `auth_events`. */
  readonly authEvents: EventReference[]
}

/** Finds the state event of a key in some state of a room. */
type StateLookup = (type: string, stateKey: string) => Promise<CachedState | undefined>

/**
 * Fetches the state events that the authorisation rules look at, from the state the room's next event will find.
 * @spec server-server-api/#auth-events-selection
 */
export function loadAuthState(deps: StateReading, head: RoomHead, event: EventUnderCheck): Promise<LoadedAuthState> {
  return load(head.version, event, (type, stateKey) => currentState(deps, head, type, stateKey))
}

/**
 * As `loadAuthState`, from the state with a given root.
 * @spec server-server-api/#auth-events-selection
 */
export function loadAuthStateAt(
  deps: StateReading,
  room: { readonly roomNid: number; readonly version: RoomVersion },
  root: number,
  event: EventUnderCheck,
): Promise<LoadedAuthState> {
  return load(room.version, event, (type, stateKey) => stateAt(deps, room.roomNid, root, type, stateKey))
}

async function load(version: RoomVersion, event: EventUnderCheck, find: StateLookup): Promise<LoadedAuthState> {
  const found = new Map<string, CachedState>()
  const authEvents: EventReference[] = []
  for (const [type, stateKey] of authEventKeys(event, version)) {
    const state = await find(type, stateKey)
    if (state === undefined) continue
    found.set(stateCacheKey(type, stateKey), state)
    authEvents.push(referenceTo({ eventId: state.event.eventId, pdu: state.pdu }, version))
  }
  if (version.createEventIn === 'room-id') {
    const create = await find('m.room.create', '')
    if (create !== undefined) found.set(stateCacheKey('m.room.create', ''), create)
  }
  return { lookup: (type, stateKey) => found.get(stateCacheKey(type, stateKey))?.pdu, authEvents }
}

/** A state event of the state the room's next event will find; those needed lately stay with the room's head. */
export async function currentState(
  deps: StateReading,
  head: RoomHead,
  type: string,
  stateKey: string,
): Promise<CachedState | undefined> {
  const key = stateCacheKey(type, stateKey)
  const cached = head.cachedState(key)
  if (cached !== undefined) return cached
  const state = await stateAt(deps, head.roomNid, head.pending.stateRoot, type, stateKey)
  if (state !== undefined) head.cacheState(key, state)
  return state
}

/** A state event of the state with a given root. */
export async function stateAt(
  deps: StateReading,
  roomNid: number,
  root: number,
  type: string,
  stateKey: string,
): Promise<CachedState | undefined> {
  const eventNid = await deps.tree.get(roomNid, root, type, stateKey)
  if (eventNid === undefined) return undefined
  const event = await deps.events.get(eventNid)
  return { event, pdu: deps.events.pdu(event) }
}
