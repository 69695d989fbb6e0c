import {
  authEventIds,
  authEventKeys,
  checkAuthRules,
  type EventId,
  type JsonObject,
  type PduDraft,
  parseRoomId,
  parseUserId,
  type ResolutionEvent,
  type ResolutionEvents,
  type RoomId,
  type RoomVersion,
  type StateKey,
  serverNameOf,
  signEvent,
  type UserId,
} from '../../src/index.ts'
import { TEST_KEY } from '../room-builder.ts'
import { keyOf, type State } from './reference.ts'

/** What an event of a graph is made of. Everything not given follows from the state it is sent in. */
export interface GraphEvent {
  readonly type: string
  readonly sender: UserId
  readonly stateKey?: string
  readonly content?: JsonObject
  readonly ts?: number
  /** Instead of those that the state calls for. */
  readonly authEvents?: readonly EventId[]
}

/** One end of a room's graph: the state after its last event. */
export interface Fork {
  readonly state: State
  readonly last: EventId | undefined
  readonly depth: number
}

export const EMPTY_FORK: Fork = { state: new Map(), last: undefined, depth: 0 }

/** Events of one room that branch. Times and depths count up unless given. */
export class RoomGraph {
  readonly version: RoomVersion
  readonly events = new Map<EventId, ResolutionEvent>()
  readonly #citing = new Map<EventId, EventId[]>()
  readonly #authDepths = new Map<EventId, number>()
  roomId: RoomId = parseRoomId('!room:a.example')

  constructor(version: RoomVersion) {
    this.version = version
  }

  /** Sends an event at a fork, and returns the fork as it goes on. @throws if the authorisation rules refuse it. */
  send(fork: Fork, draft: GraphEvent): Fork {
    const event = this.build(fork, draft)
    const verdict = checkAuthRules(event, (type, key) => this.pdu(fork.state.get(keyOf(type, key))), this.version)
    if (!verdict.allowed) throw new Error(`${verdict.rule}: ${verdict.reason}`)
    return this.#append(fork, event)
  }

  /** As `send`, but whatever the authorisation rules say; `undefined` if they refuse it. */
  trySend(fork: Fork, draft: GraphEvent): Fork | undefined {
    const event = this.build(fork, draft)
    const verdict = checkAuthRules(event, (type, key) => this.pdu(fork.state.get(keyOf(type, key))), this.version)
    return verdict.allowed ? this.#append(fork, event) : undefined
  }

  /** Appends an event without asking the rules. */
  force(fork: Fork, draft: GraphEvent, rejectedBy?: 'auth-events' | 'state'): Fork {
    return this.#append(fork, this.build(fork, draft), rejectedBy)
  }

  pdu(eventId: EventId | undefined) {
    return eventId === undefined ? undefined : this.events.get(eventId)?.pdu
  }

  build(fork: Fork, { type, sender, stateKey, content = {}, ts, authEvents }: GraphEvent): ResolutionEvent {
    const draft: PduDraft = {
      type,
      sender,
      content,
      ...(type === 'm.room.create' && this.version.roomIdFormat === 'create-event' ? {} : { room_id: this.roomId }),
      ...(stateKey === undefined ? {} : { state_key: stateKey }),
      prev_events: fork.last === undefined ? [] : [fork.last],
      auth_events: [],
      depth: fork.depth + 1,
      origin_server_ts: ts ?? 1_000 + this.events.size,
    }
    draft.auth_events = authEvents
      ? [...authEvents]
      : authEventKeys(draft, this.version).flatMap((key) => fork.state.get(keyOf(...key)) ?? [])
    return { ...signEvent(draft, serverNameOf(sender), TEST_KEY, this.version), rejectedBy: undefined }
  }

  /** The graph as a resolution asks about it, counting what it is asked. */
  source({ indexed = true, authDepths = false, crowded = () => false }: SourceOptions = {}): CountingSource {
    const counts: SourceCounts = { loaded: 0, loads: 0, citing: 0 }
    const load: ResolutionEvents['load'] = async (eventIds) => {
      counts.loads++
      counts.loaded += eventIds.length
      const known = eventIds.flatMap((id) => this.events.get(id) ?? [])
      return new Map(
        known.map((event) => [
          event.eventId,
          authDepths ? { ...event, authDepth: this.#authDepths.get(event.eventId) } : event,
        ]),
      )
    }
    const citingOf = (eventId: EventId, limit: number): EventId[] => {
      const citing = (this.#citing.get(eventId) ?? []).toReversed()
      const [latest] = citing
      return latest !== undefined && crowded(eventId) ? new Array(limit).fill(latest) : citing.slice(0, limit)
    }
    const citing: ResolutionEvents['citing'] = async (eventIds, limit) => {
      counts.citing += eventIds.length
      return new Map(eventIds.map((eventId) => [eventId, citingOf(eventId, limit)]))
    }
    return indexed ? { counts, load, citing } : { counts, load }
  }

  #append(fork: Fork, event: ResolutionEvent, rejectedBy?: 'auth-events' | 'state'): Fork {
    if (event.pdu.type === 'm.room.create') this.roomId = event.roomId
    this.#keep({ ...event, rejectedBy })
    const { type, state_key: stateKey } = event.pdu
    const state = new Map(fork.state)
    if (stateKey !== undefined) state.set(keyOf(type, stateKey), event.eventId)
    return { state, last: event.eventId, depth: fork.depth + 1 }
  }

  #keep(event: ResolutionEvent): void {
    const { eventId, pdu } = event
    if (this.events.has(eventId)) return
    this.events.set(eventId, event)
    // In version 12 the create event is in every auth chain.
    let depth = this.version.createEventIn === 'room-id' && pdu.type !== 'm.room.create' ? 1 : 0
    for (const id of authEventIds(pdu)) {
      depth = Math.max(depth, this.#authDepths.get(id) ?? 0)
      if (pdu.state_key !== undefined) this.#citing.set(id, [...(this.#citing.get(id) ?? []), eventId])
    }
    this.#authDepths.set(eventId, depth + 1)
  }
}

export interface SourceOptions {
  /** Whether it can say which events cite another. */
  readonly indexed?: boolean
  /** Whether its events tell their `authDepth`. */
  readonly authDepths?: boolean
  /** Which events to take for such that more events cite than the answer has room for. */
  readonly crowded?: (eventId: EventId) => boolean
}

export interface SourceCounts {
  /** Events asked for. */
  loaded: number
  /** Times that events were asked for. */
  loads: number
  /** Events of which it was asked what cites them. */
  citing: number
}

export interface CountingSource extends ResolutionEvents {
  readonly counts: SourceCounts
}

/** A test's map of entries as pairs. */
export function* entriesOf(state: State): Generator<[StateKey, EventId]> {
  for (const [key, id] of state) yield [JSON.parse(key) as [string, string], id]
}

export const users: readonly UserId[] = ['alice:a', 'bob:a', 'carol:c', 'dave:d', 'erin:e', 'frank:f'].map((name) =>
  parseUserId(`@${name}.example`),
)
