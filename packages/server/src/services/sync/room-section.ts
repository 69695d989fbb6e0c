import { stringifyJson } from '@magik/protocol'
import type { AccountDataRow } from '../../storage/account-data-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { ClientEvents } from '../events/client-events.ts'
import type { EventReader } from '../events/event-reader.ts'
import { type Membership, type RoomView, toMembership } from '../events/room-view.ts'
import type { UnreadCounts } from '../push/unread-counts.ts'
import type { StateTree } from '../state/state-tree.ts'
import { NO_RECEIPTS, type ReceiptSections } from './receipt-section.ts'
import type { RoomStateSections } from './room-state-section.ts'
import type { RoomSummaries } from './room-summary.ts'
import type { RoomTails } from './room-tails.ts'
import type { RoomTimelines, TimelineSection } from './room-timeline.ts'
import { formatToken } from './stream-token.ts'
import { renderUnreadCounts } from './unread-section.ts'
import type { ViewMembership } from './user-view.ts'
import type { SyncReader, SyncSpan } from './sync-reader.ts'
import { renderAccountData } from './account-data-section.ts'
import { matchesRoom } from './room-event-matcher.ts'

/** One room of a sync response. */
export interface RoomSectionRequest {
  readonly room: RoomView
  readonly reader: SyncReader
  readonly span: SyncSpan
  /** The reader's data on this room that has changed. */
  readonly accountData: readonly AccountDataRow[]
  /** Whether receipts on the room may have changed. */
  readonly hasReceipts: boolean
}

/** What the sections of joined and left rooms stand on. */
export interface RoomSectionDeps {
  readonly tree: StateTree
  readonly events: EventReader
  readonly clientEvents: ClientEvents
  readonly tails: RoomTails
  readonly timelines: RoomTimelines
  readonly states: RoomStateSections
  readonly summaries: RoomSummaries
  readonly receipts: ReceiptSections
  readonly unreadCounts: UnreadCounts
  /** Names the database's incarnation in tokens. */
  readonly epoch: string
  /** Most timeline events of one room, and how many when the client does not say. */
  readonly timelineLimit: { readonly most: number; readonly byDefault: number }
}

/** Makes the sections of rooms that the reader is in, or has left. */
export class RoomSections {
  readonly #deps: RoomSectionDeps

  constructor(deps: RoomSectionDeps) {
    this.#deps = deps
  }

  /**
   * The section of a joined room as JSON text; undefined when there is nothing to tell.
   * @spec client-server-api/#get_matrixclientv3sync
   */
  async joined(request: RoomSectionRequest): Promise<string | undefined> {
    const { room, reader, span } = request
    const rootThen = await this.#rootThen(request)
    const knownRoot = span.isFullState ? undefined : rootThen
    const timeline = await this.#timeline(request, rootThen !== undefined, span.upTo)
    const isNew = knownRoot === undefined
    const summary =
      isNew || (await this.#membersChanged(room, knownRoot))
        ? await this.#deps.summaries.summarise(room, reader.userId)
        : undefined
    const heroEventNids = summary?.heroEventNids ?? []
    const state = await this.#deps.states.section({ room, reader, span, timeline, knownRoot, heroEventNids })
    const receipts = isNew || request.hasReceipts ? await this.#deps.receipts.section(request, isNew) : NO_RECEIPTS
    const isSilent = timeline.events.length === 0 && state.length === 0 && request.accountData.length === 0
    const isQuiet = isSilent && receipts.events === '' && !receipts.isOwnNews
    if (!isNew && isQuiet && summary === undefined) return undefined
    const sections = [
      ...(await this.#timelineAndState(timeline, state, reader, span)),
      `"ephemeral":{"events":[${receipts.events}]}`,
      ...(await this.#unread(request)),
      `"summary":${stringifyJson(summary?.json ?? {})}`,
      this.#accountData(request),
    ]
    return `{${sections.join(',')}}`
  }

  /**
   * The section of a room that the reader is no longer in.
   * @param leftAt position from which on they are not: where forks were resolved, not that of a membership event.
   */
  async left(request: RoomSectionRequest, leftAt: number): Promise<string> {
    const { room, reader, span } = request
    const upTo = Math.min(leftAt, span.upTo)
    const rootThen = await this.#rootThen(request)
    const knownRoot = span.isFullState ? undefined : rootThen
    const timeline = await this.#timeline(request, rootThen !== undefined, upTo)
    // The room's state is not for those who turned down an invite, or were removed without having been in it.
    const rootBefore = await this.#deps.tails.rootAt(room.roomNid, leftAt - 1)
    const wasIn = rootBefore !== undefined && (await this.#isJoinedAt(room, rootBefore, reader))
    const state = wasIn
      ? await this.#deps.states.section({ room, reader, span, timeline, knownRoot, heroEventNids: [] })
      : []
    const sections = await this.#timelineAndState(timeline, state, reader, { ...span, upTo })
    return `{${[...sections, this.#accountData(request)].join(',')}}`
  }

  /** What the reader was to a room at a position; undefined if nothing. */
  async membershipAt(roomNid: number, reader: SyncReader, position: number): Promise<ViewMembership | undefined> {
    const root = await this.#deps.tails.rootAt(roomNid, position)
    const event = root === undefined ? undefined : await this.#memberAt(roomNid, root, reader)
    if (event === undefined) return undefined
    const membership = this.#membershipOf(event)
    if (membership === undefined) return undefined
    return { membership, eventNid: event.eventNid, position: event.position ?? position, isForgotten: false }
  }

  /** Root of the state at the client's token, if the reader was in the room then: the client knows that state. */
  async #rootThen({ room, reader, span }: RoomSectionRequest): Promise<number | undefined> {
    if (span.since === undefined) return undefined
    const root = await this.#deps.tails.rootAt(room.roomNid, span.since)
    if (root === undefined) return undefined
    return (await this.#isJoinedAt(room, root, reader)) ? root : undefined
  }

  async #isJoinedAt(room: RoomView, root: number, reader: SyncReader): Promise<boolean> {
    const event = await this.#memberAt(room.roomNid, root, reader)
    return event !== undefined && this.#membershipOf(event) === 'join'
  }

  async #memberAt(roomNid: number, root: number, reader: SyncReader): Promise<StoredEvent | undefined> {
    const { tree, events } = this.#deps
    const eventNid = await tree.get(roomNid, root, 'm.room.member', reader.userId)
    return eventNid === undefined ? undefined : events.get(eventNid)
  }

  #membershipOf(event: StoredEvent): Membership | undefined {
    return toMembership(this.#deps.events.pdu(event).content['membership'])
  }

  async #timeline(request: RoomSectionRequest, isKnown: boolean, upTo: number): Promise<TimelineSection> {
    const { room, reader, span } = request
    const filter = reader.filter.room.timeline
    const { most, byDefault } = this.#deps.timelineLimit
    const section = await this.#deps.timelines.section({
      room,
      reader: reader.userId,
      after: isKnown ? (span.since ?? 0) : 0,
      upTo,
      limit: Math.min(filter.limit ?? byDefault, most),
      filter,
    })
    // A client that meets the room anew must not append this to what it may remember from an earlier stay.
    return isKnown || span.since === undefined ? section : { ...section, limited: true }
  }

  async #membersChanged(room: RoomView, knownRoot: number): Promise<boolean> {
    if (knownRoot === room.stateRoot) return false
    const only = { types: ['m.room.member'] }
    for await (const batch of this.#deps.tree.diffBatches(room.roomNid, knownRoot, room.stateRoot, only)) {
      if (batch.length > 0) return true
    }
    return false
  }

  async #timelineAndState(
    timeline: TimelineSection,
    state: Awaited<ReturnType<RoomStateSections['section']>>,
    reader: SyncReader,
    span: SyncSpan,
  ): Promise<string[]> {
    const { clientEvents, epoch } = this.#deps
    const first = timeline.events[0]?.position
    const position = first === undefined ? Math.min(timeline.startsAt - 1, span.upTo) : first - 1
    const prevBatch = formatToken({ kind: 'stream', epoch, position })
    const events = await clientEvents.renderAll(timeline.events, reader)
    const stateEvents = await clientEvents.renderAll(state, reader)
    return [
      `"timeline":{"events":[${events.join(',')}],"limited":${timeline.limited},"prev_batch":${JSON.stringify(prevBatch)}}`,
      `"state":{"events":[${stateEvents.join(',')}]}`,
    ]
  }

  async #unread({ room, reader }: RoomSectionRequest): Promise<string[]> {
    const counts = await this.#deps.unreadCounts.of(reader, room)
    const byThread = reader.filter.room.timeline.unreadThreadNotifications
    return renderUnreadCounts(counts, { byThread })
  }

  #accountData({ room, reader, accountData }: RoomSectionRequest): string {
    const filter = reader.filter.room.accountData
    const rows = matchesRoom(filter, room.roomId) ? accountData : []
    return `"account_data":{"events":[${renderAccountData(rows, filter, reader.userId)}]}`
  }
}
