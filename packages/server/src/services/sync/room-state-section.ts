import type { StoredEvent } from '../../storage/stored-event.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { RoomView } from '../events/room-view.ts'
import type { StateTree } from '../state/state-tree.ts'
import type { StateEntry } from '../state/tree-node.ts'
import type { LazyMembers } from './lazy-members.ts'
import { letsEverythingThrough, matchesRoom, matchesRoomEvent } from './room-event-matcher.ts'
import type { RoomTails } from './room-tails.ts'
import type { SyncReader, SyncSpan } from './sync-reader.ts'
import type { TimelineSection } from './room-timeline.ts'

const NO_MEMBERS = { notTypes: ['m.room.member'] }

/** What the state section of one room is to describe. */
export interface StateRequest {
  readonly room: RoomView
  readonly reader: SyncReader
  readonly span: SyncSpan
  readonly timeline: TimelineSection
  /** Root of the state that the client knows; undefined when it knows nothing of the room. */
  readonly knownRoot: number | undefined
  /** Members to tell besides the timeline's senders, by number of their membership event. */
  readonly heroEventNids: readonly number[]
}

/** Works out a room's state section: what has changed between what the client knows and where the timeline begins. */
export class RoomStateSections {
  readonly #tree: StateTree
  readonly #events: EventReader
  readonly #tails: RoomTails
  readonly #lazyMembers: LazyMembers

  constructor(deps: { tree: StateTree; events: EventReader; tails: RoomTails; lazyMembers: LazyMembers }) {
    this.#tree = deps.tree
    this.#events = deps.events
    this.#tails = deps.tails
    this.#lazyMembers = deps.lazyMembers
  }

  /** @spec client-server-api/#get_matrixclientv3sync */
  async section(request: StateRequest): Promise<StoredEvent[]> {
    const { room, reader, timeline } = request
    const filter = reader.filter.room.state
    if (!matchesRoom(filter, room.roomId)) return []
    const startRoot = (await this.#tails.rootAt(room.roomNid, timeline.startsAt - 1)) ?? 0
    const lastRoot = (await this.#tails.rootAt(room.roomNid, timeline.endsAt)) ?? 0
    // A client that adds up what the timeline shows arrives at the state after it by itself.
    const endRoot = leadsTo(startRoot, timeline.events, lastRoot) ? startRoot : lastRoot
    const eventNids = await this.#changedState(request, startRoot, endRoot)
    if (filter.lazyLoadMembers) eventNids.push(...(await this.#lazilyLoaded(request, startRoot, endRoot)))
    const events = await this.#events.getMany(new Set(eventNids))
    const state = [...events.values()]
    if (letsEverythingThrough(filter)) return state
    return state.filter((event) => matchesRoomEvent(filter, event, (it) => this.#events.pdu(it).content))
  }

  async #changedState(request: StateRequest, startRoot: number, endRoot: number): Promise<number[]> {
    const upToStart = await this.#changesUpTo(request, startRoot)
    if (startRoot === endRoot) return upToStart.map(({ event }) => event)
    // What the timeline passes over the client would never learn of, so it is told beforehand; but not where the
    // timeline shows an event of the same key, which would then count as the newer one.
    const shown = new Set(request.timeline.events.map(keyOf))
    const upToEnd = await this.#changesUpTo(request, endRoot)
    return [
      ...upToStart.filter((entry) => shown.has(keyOf(entry))),
      ...upToEnd.filter((entry) => !shown.has(keyOf(entry))),
    ].map(({ event }) => event)
  }

  /** What of the state with some root the client does not know. */
  async #changesUpTo({ room, reader, knownRoot }: StateRequest, root: number): Promise<StateEntry[]> {
    if (knownRoot === root) return []
    if (knownRoot === undefined) {
      return this.#tree.entries(room.roomNid, root, reader.filter.room.state.lazyLoadMembers ? NO_MEMBERS : {})
    }
    // Members are loaded lazily, but what the client may know of them must not go stale.
    const differences = await this.#tree.diff(room.roomNid, knownRoot, root)
    return differences.flatMap(({ after, ...key }) => (after === undefined ? [] : [{ ...key, event: after }]))
  }

  /** Members that the client needs to show the timeline, and does not have. */
  async #lazilyLoaded(request: StateRequest, startRoot: number, endRoot: number): Promise<number[]> {
    const { room, reader, span, timeline, knownRoot } = request
    const users = new Set<string>(timeline.events.map(({ sender }) => sender))
    if (knownRoot === undefined) users.add(reader.userId)
    const keys = [...users].map((stateKey) => ({ type: 'm.room.member', stateKey }))
    const found = [...(await this.#tree.getMany(room.roomNid, startRoot, keys))]
    if (startRoot !== endRoot) found.push(...(await this.#tree.getMany(room.roomNid, endRoot, keys)))
    // What the timeline itself tells need not be told before it, unless it was otherwise then.
    const members = new Set([...found.filter((eventNid) => eventNid !== undefined), ...request.heroEventNids])
    const shown = new Set(timeline.events.map(({ eventNid }) => eventNid))
    const untold = [...members.difference(shown)]
    if (reader.filter.room.state.includeRedundantMembers) return untold
    return this.#lazyMembers.tell(reader.deviceKey, room.roomNid, untold, {
      since: knownRoot === undefined ? -1 : (span.since ?? -1),
      upTo: span.upTo,
    })
  }
}

/** Whether the events shown are all that leads from one state of the room to another. */
function leadsTo(startRoot: number, events: readonly StoredEvent[], endRoot: number): boolean {
  let root = startRoot
  for (const { stateBefore, stateAfter } of events) {
    if (stateBefore !== root || stateAfter === undefined) return false
    root = stateAfter
  }
  return root === endRoot
}

function keyOf({ type, stateKey }: { readonly type: string; readonly stateKey: string | undefined }): string {
  return JSON.stringify([type, stateKey])
}
