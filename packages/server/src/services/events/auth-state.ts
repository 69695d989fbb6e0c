import { type AuthState, authEventKeys, type EventReference, type PduDraft, referenceTo } from '@magik/protocol'
import type { StateTree } from '../state/state-tree.ts'
import type { EventReader } from './event-reader.ts'
import { type CachedState, type RoomHead, stateCacheKey } from './room-heads.ts'

/** What reading a room's newest state takes. */
export interface StateReading {
  readonly tree: StateTree
  readonly events: EventReader
}

/** The part of a room's state that decides whether an event is allowed. */
export interface LoadedAuthState {
  readonly lookup: AuthState
  /** What the event lists as `auth_events`. */
  readonly authEvents: EventReference[]
}

/**
 * Fetches the state events that the authorisation rules look at, from the state the room's next event will find.
 * @spec server-server-api/#auth-events-selection
 */
export async function loadAuthState(
  deps: StateReading,
  head: RoomHead,
  event: Pick<PduDraft, 'type' | 'sender' | 'state_key' | 'content'>,
): Promise<LoadedAuthState> {
  const found = new Map<string, CachedState>()
  const authEvents: EventReference[] = []
  for (const [type, stateKey] of authEventKeys(event, head.version)) {
    const state = await currentState(deps, head, type, stateKey)
    if (state === undefined) continue
    found.set(stateCacheKey(type, stateKey), state)
    authEvents.push(referenceTo({ eventId: state.event.eventId, pdu: state.pdu }, head.version))
  }
  if (head.version.createEventIn === 'room-id') {
    const create = await currentState(deps, head, 'm.room.create', '')
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
  const eventNid = await deps.tree.get(head.roomNid, head.pending.stateRoot, type, stateKey)
  if (eventNid === undefined) return undefined
  const event = await deps.events.get(eventNid)
  const state = { event, pdu: deps.events.pdu(event) }
  head.cacheState(key, state)
  return state
}
