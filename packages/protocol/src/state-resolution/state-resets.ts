import { authEventKeys, type StateKey } from '../auth-rules/auth-event-keys.ts'
import type { AuthState } from '../auth-rules/auth-state.ts'
import { checkAuthRules } from '../auth-rules/check-auth-rules.ts'
import type { EventId, RoomId } from '../identifiers.ts'
import type { RoomVersion } from '../room-version/room-version.ts'
import { batches, EventReader } from './event-reader.ts'
import type { ResolutionEvent, ResolutionEvents } from './resolution-events.ts'
import { MAX_RESOLUTION_EVENTS } from './resolve-state.ts'
import type { ConflictedKey, ResolvedEntry, StateConflict } from './state-conflict.ts'
import { StateKeyMap } from './state-key-map.ts'

/** An entry that a resolution took away or set back although no event says so. */
export interface StateReset {
  readonly key: StateKey
  /** `removed`: the forks all had an entry, the result has none. `reverted`: the result is older than what a fork had. */
  readonly kind: 'removed' | 'reverted'
  /** What is no longer in the state: the forks' events and, where set back, those between them and the result. */
  readonly lost: readonly EventId[]
  /** What is in the state now. */
  readonly resolved: EventId | undefined
  /** Entries of the resolved state that stand where a lost event was sent under another: the likely cause. */
  readonly atFault: readonly EventId[]
}

/** How many changes of one entry are followed back. */
const MAX_LINE = 1_000

/** Entries that permit others. Nothing that anybody can send takes such an entry away. */
const PERMITTING = new Set(['m.room.create', 'm.room.power_levels', 'm.room.join_rules', 'm.room.member'])

/**
 * Tells which entries a resolution reset, for the server to log, count and show.
 *
 * That a resolution undoes something is as it should be where an event of another fork revokes it: a ban undoes what
 * the banned did meanwhile. A reset is what remains:
 * - A key that every fork had has no entry. If it is one of those that permit others (members, power levels, join
 *   rules), that is always a reset; else it is one unless the resolved state refuses what each fork had.
 * - An entry is set back to one that a fork's event, or what that was built on, replaced, as auth events tell; and the
 *   resolved state allows the first step that was undone, or refuses it only because of an entry that is itself reset.
 * @param entries what `resolveState` made of the conflict.
 * @throws ResolutionLimitError if more than `MAX_RESOLUTION_EVENTS` would have to be looked at.
 */
export async function findStateResets(
  roomId: RoomId,
  conflict: StateConflict,
  entries: readonly ResolvedEntry[],
  events: ResolutionEvents,
  version: RoomVersion,
): Promise<readonly StateReset[]> {
  const reader = new EventReader(events, roomId, version, MAX_RESOLUTION_EVENTS)
  const resolved = new StateKeyMap<EventId | undefined>()
  for (const { key, eventId } of entries) resolved.set(...key, eventId)
  const search = new ResetSearch(conflict, resolved, reader)
  const suspects: Suspect[] = []
  for (const batch of batches(conflict.conflicted)) {
    // Read together here, they are at hand when each key is looked at.
    const named = batch.flatMap(({ key, events: forks }) => [...forks, resolved.get(...key)])
    const known = await reader.load(named.filter((eventId) => eventId !== undefined))
    await reader.load([...known.values()].flatMap((event) => reader.authEventIds(event)))
    for (const each of batch) {
      const suspect = await search.examine(each)
      if (suspect) suspects.push(suspect)
    }
  }
  return withConsequences(suspects)
}

interface Suspect {
  readonly reset: StateReset
  /** The keys because of which the resolved state refuses what was lost; `undefined` if it is a reset in any case. */
  readonly refusedBy: readonly StateKey[] | undefined
}

/** The suspects that are resets, with those that are refused because of another reset. */
function withConsequences(suspects: readonly Suspect[]): StateReset[] {
  const resets = new Set(suspects.filter(({ refusedBy }) => refusedBy === undefined))
  const keys = new StateKeyMap<true>()
  for (const { reset } of resets) keys.set(...reset.key, true)
  for (let before = -1; before < resets.size; ) {
    before = resets.size
    for (const suspect of suspects) {
      if (resets.has(suspect) || !suspect.refusedBy?.some((key) => keys.has(...key))) continue
      resets.add(suspect)
      keys.set(...suspect.reset.key, true)
    }
  }
  return suspects.filter((suspect) => resets.has(suspect)).map(({ reset }) => reset)
}

/** What the resolved state says to an event that it does not hold. */
interface Judgement {
  readonly allowed: boolean
  /** Keys of which the resolved state has another event than the one the event was sent under. */
  readonly changed: readonly StateKey[]
  /** What it has there. */
  readonly entries: readonly EventId[]
}

class ResetSearch {
  readonly #conflict: StateConflict
  readonly #resolved: StateKeyMap<EventId | undefined>
  readonly #reader: EventReader

  constructor(conflict: StateConflict, resolved: StateKeyMap<EventId | undefined>, reader: EventReader) {
    this.#conflict = conflict
    this.#resolved = resolved
    this.#reader = reader
  }

  async examine({ key, events }: ConflictedKey): Promise<Suspect | undefined> {
    const resolved = this.#resolved.get(...key)
    const lost = new Set<EventId>()
    const judgements: Judgement[] = []
    for (const eventId of new Set(events)) {
      if (eventId === undefined || eventId === resolved) continue
      const line = await this.#lineBack(eventId, key, resolved)
      const oldest = line?.at(-1)
      if (line === undefined || oldest === undefined) continue
      for (const each of line) lost.add(each.eventId)
      judgements.push(await this.#judge(resolved === undefined ? (line[0] ?? oldest) : oldest))
    }
    if (lost.size === 0 || (resolved === undefined && events.includes(undefined))) return undefined
    const kind = resolved === undefined ? 'removed' : 'reverted'
    const atFault = [...new Set(judgements.flatMap(({ entries }) => entries))]
    const certain = resolved === undefined && PERMITTING.has(key[0])
    return {
      reset: { key, kind, lost: [...lost], resolved, atFault },
      refusedBy:
        certain || judgements.some(({ allowed }) => allowed) ? undefined : judgements.flatMap(({ changed }) => changed),
    }
  }

  /**
   * An event with those it replaced, one after the other, back to the one that replaced `end`; `undefined` if `end` is
   * not among them. Without an end, the event alone.
   */
  async #lineBack(
    start: EventId,
    key: StateKey,
    end: EventId | undefined,
  ): Promise<readonly ResolutionEvent[] | undefined> {
    const first = (await this.#reader.load([start])).get(start)
    if (first === undefined) return undefined
    if (end === undefined) return [first]
    const line = [first]
    const passed = new Set([start, end])
    // Both are followed back at once: most often `end` is the later one, or they part a step or two behind.
    let [behind, behindEnd] = [await this.#replacedBy(start, key), await this.#replacedBy(end, key)]
    while (behind !== undefined && line.length < MAX_LINE) {
      if (behind.eventId === end) return line
      if (passed.has(behind.eventId) || (behindEnd !== undefined && passed.has(behindEnd.eventId))) return undefined
      this.#reader.visit(1)
      line.push(behind)
      passed.add(behind.eventId)
      if (behindEnd?.eventId === behind.eventId) return undefined
      if (behindEnd) passed.add(behindEnd.eventId)
      behind = await this.#replacedBy(behind.eventId, key)
      behindEnd &&= await this.#replacedBy(behindEnd.eventId, key)
    }
    return undefined
  }

  /** The event of the same key among an event's auth events. */
  async #replacedBy(eventId: EventId, [type, stateKey]: StateKey): Promise<ResolutionEvent | undefined> {
    const event = (await this.#reader.load([eventId])).get(eventId)
    if (event === undefined) return undefined
    const cited: readonly ResolutionEvent[] = [...(await this.#reader.load(this.#reader.authEventIds(event))).values()]
    return cited.find(({ pdu }) => pdu.type === type && pdu.state_key === stateKey)
  }

  async #judge(event: ResolutionEvent): Promise<Judgement> {
    const keys: StateKey[] = [['m.room.create', ''], ...authEventKeys(event.pdu, this.#reader.version)]
    const others = await this.#conflict.unconflicted(keys)
    const state = new StateKeyMap<EventId>()
    for (const [index, key] of keys.entries()) {
      const eventId = this.#resolved.has(...key) ? this.#resolved.get(...key) : others[index]
      if (eventId !== undefined) state.set(...key, eventId)
    }
    const cited = new Set(this.#reader.authEventIds(event))
    const loaded = await this.#reader.load([...state].map(([, eventId]) => eventId))
    const changed = keys.filter((key) => {
      const eventId = state.get(...key)
      return eventId === undefined || !cited.has(eventId)
    })
    const authState: AuthState = (type, stateKey) => {
      const eventId = state.get(type, stateKey)
      return eventId === undefined ? undefined : loaded.get(eventId)?.pdu
    }
    const { allowed } = checkAuthRules(event, authState, this.#reader.version)
    return { allowed, changed, entries: changed.flatMap((key) => state.get(...key) ?? []) }
  }
}
