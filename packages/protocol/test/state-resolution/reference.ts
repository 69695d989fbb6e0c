import { createHash } from 'node:crypto'
import {
  type AuthState,
  authEventIds,
  checkAuthRules,
  type EventId,
  type Pdu,
  type ResolutionEvent,
  type RoomVersion,
} from '../../src/index.ts'

/**
 * State resolution as the specification words it, step by step over whole states: slow, recursive, and sharing nothing
 * with the implementation but the authorisation rules. Where the specification leaves room it reads like the servers
 * in use: an event counts as reached by the states that hold it, chains are followed inside the full conflicted set,
 * create events are power events. It expects all events to be known and no cycles.
 */
export type State = ReadonlyMap<string, EventId>

export const keyOf = (type: string, stateKey: string): string => JSON.stringify([type, stateKey])

type Events = ReadonlyMap<EventId, ResolutionEvent>

export function referenceResolve(states: readonly State[], events: Events, version: RoomVersion): State {
  return version.stateResolution === 'v1'
    ? resolveFirstVersion(states, events, version)
    : resolveSecondVersion(states, events, version)
}

function resolveSecondVersion(states: readonly State[], events: Events, version: RoomVersion): State {
  const unconflicted = new Map<string, EventId>()
  const conflicted = new Set<EventId>()
  for (const key of new Set(states.flatMap((state) => [...state.keys()]))) {
    const values = new Set(states.map((state) => state.get(key)))
    const [value] = values
    if (values.size === 1 && value !== undefined) unconflicted.set(key, value)
    else for (const each of values) if (each !== undefined) conflicted.add(each)
  }
  if (conflicted.size === 0) return unconflicted

  const parents = (id: EventId): EventId[] => {
    const event = events.get(id)!
    const ids = [...authEventIds(event.pdu)]
    if (version.createEventIn === 'room-id' && event.pdu.type !== 'm.room.create')
      ids.push(`$${event.roomId.slice(1)}` as EventId)
    return ids
  }
  const chains = new Map<EventId, Set<EventId>>()
  const chainWithSelf = (id: EventId): Set<EventId> => {
    const known = chains.get(id)
    if (known) return known
    const chain = new Set<EventId>([id])
    for (const parent of parents(id)) for (const each of chainWithSelf(parent)) chain.add(each)
    chains.set(id, chain)
    return chain
  }

  const reached = states.map((state) => new Set([...state.values()].flatMap((id) => [...chainWithSelf(id)])))
  const full = new Set(conflicted)
  for (const id of new Set(reached.flatMap((set) => [...set]))) if (!reached.every((set) => set.has(id))) full.add(id)
  if (version.stateResolution === 'v2.1') {
    for (const upper of conflicted) {
      for (const middle of chainWithSelf(upper)) {
        if ([...conflicted].some((lower) => chainWithSelf(middle).has(lower))) full.add(middle)
      }
    }
  }

  const isPower = (id: EventId): boolean => {
    const { type, state_key: stateKey, sender, content } = events.get(id)!.pdu
    if (type === 'm.room.member') return ['leave', 'ban'].includes(String(content.membership)) && sender !== stateKey
    return stateKey === '' && ['m.room.create', 'm.room.power_levels', 'm.room.join_rules'].includes(type)
  }
  const cited = (id: EventId, type: string): ResolutionEvent | undefined =>
    parents(id)
      .map((parent) => events.get(parent)!)
      .find(({ pdu }) => pdu.type === type && pdu.state_key === '')

  const levelOf = (id: EventId): number => {
    const create = cited(id, 'm.room.create')
    if (!create) return 0
    const { sender } = events.get(id)!.pdu
    const additional = create.pdu.content.additional_creators
    const isCreator =
      sender === (version.creatorNamedBy === 'sender' ? create.pdu.sender : create.pdu.content.creator) ||
      (version.additionalCreators && Array.isArray(additional) && additional.includes(sender))
    if (isCreator && version.creatorPower === 'infinite') return Infinity
    const powerLevels = cited(id, 'm.room.power_levels')?.pdu.content as
      | { users?: Record<string, number>; users_default?: number }
      | undefined
    if (!powerLevels) return isCreator ? 100 : 0
    return powerLevels.users?.[sender] ?? powerLevels.users_default ?? 0
  }
  const time = (id: EventId) => events.get(id)!.pdu.origin_server_ts
  const byRank = (a: EventId, b: EventId): number => {
    const [levelA, levelB] = [levelOf(a), levelOf(b)]
    if (levelA !== levelB) return levelA > levelB ? -1 : 1
    return time(a) - time(b) || (a < b ? -1 : 1)
  }

  // Step 1
  const picked = new Set<EventId>()
  const pick = (id: EventId): void => {
    if (picked.has(id)) return
    picked.add(id)
    for (const parent of parents(id)) if (full.has(parent)) pick(parent)
  }
  for (const id of full) if (isPower(id)) pick(id)
  const powerOrder: EventId[] = []
  const left = new Set(picked)
  while (left.size > 0) {
    const ready = [...left].filter((id) => !parents(id).some((parent) => left.has(parent)))
    const [smallest] = ready.sort(byRank)
    powerOrder.push(smallest!)
    left.delete(smallest!)
  }

  const applyAllowed = (state: Map<string, EventId>, ids: readonly EventId[]): void => {
    for (const id of ids) {
      const event = events.get(id)!
      if (event.rejectedBy === 'auth-events') continue
      const lookUp: AuthState = (type, stateKey): Pdu | undefined => {
        const current = state.get(keyOf(type, stateKey))
        if (current !== undefined) return events.get(current)!.pdu
        return parents(id)
          .map((parent) => events.get(parent)!)
          .find(({ pdu, rejectedBy }) => !rejectedBy && pdu.type === type && pdu.state_key === stateKey)?.pdu
      }
      if (checkAuthRules(event, lookUp, version).allowed) state.set(keyOf(event.pdu.type, event.pdu.state_key!), id)
    }
  }
  // Step 2
  const state = new Map(version.stateResolution === 'v2.1' ? [] : unconflicted)
  applyAllowed(state, powerOrder)
  // Step 3
  const mainline: EventId[] = []
  for (let at = state.get(keyOf('m.room.power_levels', '')); at; at = cited(at, 'm.room.power_levels')?.eventId)
    mainline.push(at)
  const positionOf = (id: EventId): number => {
    for (let at = cited(id, 'm.room.power_levels'); at; at = cited(at.eventId, 'm.room.power_levels')) {
      if (mainline.includes(at.eventId)) return mainline.indexOf(at.eventId)
    }
    return Infinity
  }
  const rest = [...full].filter((id) => !picked.has(id))
  rest.sort((a, b) => {
    const [first, second] = [positionOf(a), positionOf(b)]
    if (first !== second) return first > second ? -1 : 1
    return time(a) - time(b) || (a < b ? -1 : 1)
  })
  // Step 4
  applyAllowed(state, rest)
  // Step 5
  for (const [key, id] of unconflicted) state.set(key, id)
  return state
}

const sha1 = (text: string): string => createHash('sha1').update(text).digest('hex')

/** Room version 1, as its prose has it; several keys of one step do not see each other's results. */
function resolveFirstVersion(states: readonly State[], events: Events, version: RoomVersion): State {
  const candidates = new Map<string, Set<EventId>>()
  for (const state of states) {
    for (const [key, id] of state) candidates.set(key, (candidates.get(key) ?? new Set()).add(id))
  }
  const result = new Map<string, EventId>()
  const open = new Map<string, EventId[]>()
  for (const [key, ids] of candidates) {
    // Ascending by depth, then descending by hash.
    const sorted = [...ids].sort((a, b) => {
      const [depthA, depthB] = [events.get(a)!.pdu.depth.valueOf(), events.get(b)!.pdu.depth.valueOf()]
      return depthA - depthB || (sha1(a) > sha1(b) ? -1 : 1)
    })
    if (sorted.length === 1) result.set(key, sorted[0]!)
    else open.set(key, sorted)
  }
  const allowed = (id: EventId, known: ReadonlyMap<string, EventId>): boolean =>
    checkAuthRules(events.get(id)!, (type, key) => events.get(known.get(keyOf(type, key))!)?.pdu, version).allowed
  for (const step of ['m.room.power_levels', 'm.room.join_rules', 'm.room.member']) {
    const settled = new Map<string, EventId>()
    for (const [key, ids] of open) {
      const [type, stateKey] = JSON.parse(key)
      if (type !== step || (step === 'm.room.power_levels' && stateKey !== '')) continue
      const known = new Map(result)
      for (const id of ids) {
        if (known.has(key) && !allowed(id, known)) break
        known.set(key, id)
      }
      settled.set(key, known.get(key)!)
    }
    for (const [key, id] of settled) result.set(key, id)
  }
  const settled = new Map<string, EventId>()
  for (const [key, ids] of open) {
    if (!result.has(key)) settled.set(key, ids.toReversed().find((id) => allowed(id, result)) ?? ids[0]!)
  }
  return new Map([...result, ...settled])
}
