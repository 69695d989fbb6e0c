import {
  type AuthState,
  authEventIds,
  checkAuthRules,
  type EventId,
  isJsonObject,
  type Pdu,
  type ResolutionEvent,
  type RoomVersion,
} from '@magik/protocol'
import { type StateMap, stateKeyText } from './room-events.ts'

/**
 * State resolution of room version 12 as its text has it, over whole states and whole auth chains. All events must be
 * known and none rejected.
 */
export class NaiveResolution {
  readonly #events: ReadonlyMap<EventId, ResolutionEvent>
  readonly #create: EventId
  readonly #version: RoomVersion

  constructor(events: ReadonlyMap<EventId, ResolutionEvent>, create: EventId, version: RoomVersion) {
    this.#events = events
    this.#create = create
    this.#version = version
  }

  resolve(states: readonly StateMap[]): StateMap {
    const { unconflicted, conflicted } = separate(states)
    if (conflicted.size === 0) return unconflicted
    const full = this.#fullConflictedSet(states, conflicted)
    const power = this.#powerEvents(full)
    const state = new Map<string, EventId>()
    this.#applyAllowed(state, this.#inPowerOrder(power))
    const remaining = [...full].filter((id) => !power.has(id))
    this.#applyAllowed(state, this.#inMainlineOrder(remaining, state.get(stateKeyText('m.room.power_levels', ''))))
    for (const [key, id] of unconflicted) state.set(key, id)
    return state
  }

  #fullConflictedSet(states: readonly StateMap[], conflicted: ReadonlySet<EventId>): Set<EventId> {
    const reached = states.map((state) => this.#withAuthChain(state.values()))
    const byAll = reached.reduce((common, ids) => common.intersection(ids))
    const byAny = reached.reduce((all, ids) => all.union(ids))
    const full = byAny.difference(byAll).union(conflicted)
    for (const upper of conflicted) {
      for (const middle of this.#withAuthChain([upper])) {
        if (!full.has(middle) && !this.#withAuthChain([middle]).isDisjointFrom(conflicted)) full.add(middle)
      }
    }
    return full
  }

  #withAuthChain(ids: Iterable<EventId>): Set<EventId> {
    const chain = new Set(ids)
    for (const id of chain) for (const parent of this.#authEvents(id)) chain.add(parent)
    return chain
  }

  #authEvents(id: EventId): readonly EventId[] {
    const { pdu } = this.#event(id)
    // The create event is in every auth chain without being named.
    return pdu.type === 'm.room.create' ? [] : [...authEventIds(pdu), this.#create]
  }

  #event(id: EventId): ResolutionEvent {
    const event = this.#events.get(id)
    if (event === undefined) throw new Error(`there is no event ${id}`)
    return event
  }

  #cited(id: EventId, type: string): ResolutionEvent | undefined {
    return this.#authEvents(id)
      .map((parent) => this.#event(parent))
      .find(({ pdu }) => pdu.type === type && pdu.state_key === '')
  }
  /** The power events of a set, with those of their auth chains that are in it. */
  #powerEvents(full: ReadonlySet<EventId>): Set<EventId> {
    const power = new Set([...full].filter((id) => isPowerEvent(this.#event(id).pdu)))
    for (const id of power) for (const parent of this.#authEvents(id)) if (full.has(parent)) power.add(parent)
    return power
  }

  /** Reverse topological power ordering. */
  #inPowerOrder(ids: ReadonlySet<EventId>): readonly EventId[] {
    const left = new Set(ids)
    const ordered: EventId[] = []
    while (left.size > 0) {
      const ready = [...left].filter((id) => !this.#authEvents(id).some((parent) => left.has(parent)))
      const [first] = ready.sort((a, b) => this.#compareByPower(a, b))
      if (first === undefined) throw new Error('events cite each other in a circle')
      ordered.push(first)
      left.delete(first)
    }
    return ordered
  }

  #compareByPower(a: EventId, b: EventId): number {
    const [left, right] = [this.#levelOfSender(a), this.#levelOfSender(b)]
    return left === right ? this.#compareByTime(a, b) : left > right ? -1 : 1
  }

  #levelOfSender(id: EventId): number {
    const { sender } = this.#event(id).pdu
    if (sender === this.#event(this.#create).pdu.sender) return Infinity
    const { users } = this.#cited(id, 'm.room.power_levels')?.pdu.content ?? {}
    const level = isJsonObject(users) ? users[sender] : undefined
    return typeof level === 'number' ? level : 0
  }

  #inMainlineOrder(ids: readonly EventId[], powerLevels: EventId | undefined): readonly EventId[] {
    const mainline: EventId[] = []
    for (let at = powerLevels; at !== undefined; at = this.#cited(at, 'm.room.power_levels')?.eventId) mainline.push(at)
    const positionOf = (id: EventId): number => {
      for (let at = this.#cited(id, 'm.room.power_levels'); at; at = this.#cited(at.eventId, 'm.room.power_levels')) {
        if (mainline.includes(at.eventId)) return mainline.indexOf(at.eventId)
      }
      return Infinity
    }
    return ids.toSorted((a, b) => {
      const [left, right] = [positionOf(a), positionOf(b)]
      return left === right ? this.#compareByTime(a, b) : left > right ? -1 : 1
    })
  }

  #compareByTime(a: EventId, b: EventId): number {
    return this.#event(a).pdu.origin_server_ts - this.#event(b).pdu.origin_server_ts || (a < b ? -1 : 1)
  }

  /** Iterative auth checks. */
  #applyAllowed(state: Map<string, EventId>, ids: readonly EventId[]): void {
    for (const id of ids) {
      const event = this.#event(id)
      const lookup: AuthState = (type, stateKey) => {
        const current = state.get(stateKeyText(type, stateKey))
        if (current !== undefined) return this.#event(current).pdu
        return this.#authEvents(id)
          .map((parent) => this.#event(parent).pdu)
          .find((pdu) => pdu.type === type && pdu.state_key === stateKey)
      }
      if (!checkAuthRules(event, lookup, this.#version).allowed) continue
      state.set(stateKeyText(event.pdu.type, event.pdu.state_key ?? ''), id)
    }
  }
}

function separate(states: readonly StateMap[]): {
  readonly unconflicted: Map<string, EventId>
  readonly conflicted: Set<EventId>
} {
  const unconflicted = new Map<string, EventId>()
  const conflicted = new Set<EventId>()
  for (const key of new Set(states.flatMap((state) => [...state.keys()]))) {
    const values = new Set(states.map((state) => state.get(key)))
    const [value] = values
    if (values.size === 1 && value !== undefined) unconflicted.set(key, value)
    else for (const id of values) if (id !== undefined) conflicted.add(id)
  }
  return { unconflicted, conflicted }
}

function isPowerEvent({ type, state_key: stateKey, sender, content }: Pdu): boolean {
  if (type === 'm.room.member') {
    return (content.membership === 'leave' || content.membership === 'ban') && sender !== stateKey
  }
  return stateKey === '' && ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'].includes(type)
}
