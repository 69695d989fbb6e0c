import { serverNameOf } from '@magik/protocol'
import type { Clock } from '../../platform/clock/clock.ts'
import type { BoundWrite, PositionMarker, WriteResult } from '../../platform/database/database.ts'
import { position } from '../../platform/database/query.ts'
import { changeKind } from '../../storage/change-kind.ts'
import type { EventStore } from '../../storage/event-store.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { RedactedEventStore } from '../../storage/redacted-event-store.ts'
import type { RoomGraphStore } from '../../storage/room-graph-store.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import type { StateNodeStore } from '../../storage/state-node-store.ts'
import { eventStatus, type StoredEvent } from '../../storage/stored-event.ts'
import type { ChangeLog } from '../log/change-log.ts'
import type { TreeCache } from '../state/tree-cache.ts'
import type { AppendResult, BuiltEvent, MembershipChange, TimelineDetails } from './built-event.ts'
import type { EntryUsers } from './entry-users.ts'
import type { EventReader } from './event-reader.ts'
import { nextVersion, type RoomHead, type RoomHeads } from './room-heads.ts'
import type { UnreadAccounting } from './unread-accounting.ts'

/** What joins a room in one commit. */
export interface RoomAppend {
  readonly head: RoomHead
  /** In order; at least one. */
  readonly events: readonly BuiltEvent[]
  readonly users: EntryUsers
  /** Set for a room's first commit, whose events have been staged one by one. */
  readonly creation?: { readonly creatorNid: number; readonly createdTs: number; readonly extra: readonly BoundWrite[] }
}

/**
 * Called for each timeline event once it is durable, whichever process wrote it, in order of position and before the
 * change log publishes it. Must not throw and must not wait.
 */
export type TimelineListener = (event: StoredEvent, details: TimelineDetails) => void

/** As `TimelineListener`, for events that this process has written. */
export type OwnEventListener = (event: StoredEvent, built: BuiltEvent) => void

/** What the writer stands on. */
export interface RoomWriterDeps {
  readonly log: ChangeLog
  readonly clock: Clock
  readonly randomBytes: (count: number) => Uint8Array
  readonly heads: RoomHeads
  readonly events: EventReader
  readonly treeCache: TreeCache
  readonly eventStore: EventStore
  readonly roomStore: RoomStore
  readonly roomGraphStore: RoomGraphStore
  readonly membershipStore: MembershipStore
  readonly stateNodeStore: StateNodeStore
  readonly unread: UnreadAccounting
  readonly redactedEventStore: RedactedEventStore
}

/**
 * The only writer of events: one commit holds an event, the room's head, its state and every projection of them.
 * Called inside the room's queue; the head in memory moves on at once, so that the room's next event builds on this
 * one without waiting for the disk.
 */
export class RoomWriter {
  readonly #deps: RoomWriterDeps
  readonly #listeners: TimelineListener[] = []
  readonly #ownListeners: OwnEventListener[] = []

  constructor(deps: RoomWriterDeps) {
    this.#deps = deps
  }

  /** Adds a listener. */
  listen(listener: TimelineListener): void {
    this.#listeners.push(listener)
  }

  /** Adds a listener for the events that this process writes. */
  listenToOwn(listener: OwnEventListener): void {
    this.#ownListeners.push(listener)
  }

  /** Tells the listeners of a durable timeline event. */
  readonly publish = (event: StoredEvent, details: TimelineDetails): void => {
    for (const listener of this.#listeners) listener(event, details)
  }

  /** Hands events to the group commit. The promise resolves when they are durable or refused. */
  append(append: RoomAppend): Promise<AppendResult> {
    const { head, events } = append
    const expected = head.pending
    const last = events.at(-1)
    if (last === undefined) throw new Error('nothing to append')
    const newHead = { ...last.head, version: nextVersion(expected.version, this.#deps.randomBytes) }
    const statements = this.#statements(append, expected, newHead)
    if (append.creation === undefined) for (const built of events) this.stage(head, built)
    head.advance(newHead)
    this.#deps.heads.hold(head)
    const result = this.#commit(append, statements, newHead)
    head.newestCommit = result
    return result
  }

  /**
   * Commits a change of what is stored of a room that adds no event to it, unless the room's head has moved meanwhile.
   * Called inside the room's queue, when no commit of the room is under way.
   */
  async maintain(head: RoomHead, statements: readonly BoundWrite[]): Promise<WriteResult> {
    const { log, heads, roomStore } = this.#deps
    const expected = head.pending
    const committed = { ...expected, version: nextVersion(expected.version, this.#deps.randomBytes) }
    head.advance(committed)
    heads.hold(head)
    let isDurable = false
    try {
      return await log.append({
        statements: [roomStore.advanceHead(head.roomNid, expected, committed, undefined), ...statements],
        changes: [],
        onDurable: () => {
          isDurable = true
          head.settle({ committed, position: head.committedPosition })
        },
      })
    } finally {
      if (!isDurable) head.settle('refused')
      heads.release(head)
    }
  }

  /** Lets the room's next event build on one that is not durable yet. */
  stage(head: RoomHead, built: BuiltEvent): void {
    this.#deps.events.pin(built.event, built.pdu)
    this.#deps.unread.stage(head, built)
  }

  /** Forgets an event that will not be committed, and the state it made. */
  unstage(head: RoomHead, { event, chunks }: BuiltEvent): void {
    this.#deps.events.unpin(event)
    this.#deps.treeCache.discard(head.roomNid, chunks)
  }

  async #commit(
    append: RoomAppend,
    statements: readonly BoundWrite[],
    newHead: RoomHead['pending'],
  ): Promise<AppendResult> {
    const { head, events, users } = append
    const { log, heads } = this.#deps
    const timeline = events.filter(isInTimeline)
    let isDurable = false
    try {
      const result = await log.append({
        statements,
        changes: timeline.map(({ event }) => ({
          kind: changeKind.event,
          roomNid: head.roomNid,
          userNid: event.senderNid,
          ref: event.eventNid,
        })),
        onDurable: (first) => {
          isDurable = true
          users.confirm()
          let next = first
          for (const built of events) {
            const position = isInTimeline(built) ? next++ : undefined
            this.#publish(head, built, position)
          }
          const position = timeline.length === 0 ? head.committedPosition : next - 1
          head.settle({ committed: newHead, position })
        },
      })
      return result.committed ? { committed: true, position: result.position } : result
    } finally {
      // What is durable has become an ordinary cached chunk: discarding it does nothing.
      for (const built of events) this.unstage(head, built)
      if (!isDurable) head.settle('refused')
      heads.release(head)
    }
  }

  /** Brings caches up to date with an event that is durable, and tells the listeners. */
  #publish(head: RoomHead, built: BuiltEvent, position: number | undefined): void {
    const { events: reader, treeCache } = this.#deps
    const { event, pdu, chunks, redaction, wasOutlier } = built
    if (wasOutlier) reader.invalidate(event.eventNid)
    const stored = position === undefined ? event : { ...event, position }
    reader.unpin(event)
    reader.put(stored, event.redactedBy === undefined ? pdu : undefined)
    treeCache.unpin(head.roomNid, chunks)
    if (position !== undefined) {
      this.publish(stored, built)
      for (const listener of this.#ownListeners) listener(stored, built)
    }
    if (redaction?.eventNid === undefined) return
    reader.invalidate(redaction.eventNid)
    head.forgetState()
  }

  #statements(append: RoomAppend, expected: RoomHead['pending'], newHead: RoomHead['pending']): BoundWrite[] {
    const { head, events, users, creation } = append
    const { roomStore } = this.#deps
    const timelineLength = events.filter(isInTimeline).length
    const lastPosition = timelineLength === 0 ? undefined : position(timelineLength - 1)
    const statements = users.writes
    if (creation === undefined) {
      statements.push(roomStore.advanceHead(head.roomNid, expected, newHead, lastPosition))
    } else {
      statements.push(
        roomStore.insertRoom({
          roomNid: head.roomNid,
          roomId: head.roomId,
          version: head.version.id,
          creatorNid: creation.creatorNid,
          createdTs: creation.createdTs,
        }),
        roomStore.insertHead(head.roomNid, newHead, lastPosition ?? 0),
        ...creation.extra,
      )
    }
    let next = 0
    let rootBefore = expected.stateRoot
    for (const built of events) {
      const at = isInTimeline(built) ? position(next++) : null
      statements.push(...this.#eventStatements(head.roomNid, built, at))
      if (at !== null) statements.push(...this.#projections(head.roomNid, built, at, rootBefore))
      rootBefore = built.head.stateRoot
    }
    statements.push(...this.#deps.unread.writes(head.roomNid, events.filter(isInTimeline)))
    return statements
  }

  /** What stores an event, whatever became of it. */
  #eventStatements(roomNid: number, built: BuiltEvent, at: PositionMarker | null): BoundWrite[] {
    const { eventStore, stateNodeStore, roomGraphStore, redactedEventStore, clock } = this.#deps
    const { event, chunks, wasOutlier, graph } = built
    const now = clock.now()
    const statements = [wasOutlier ? eventStore.placeOutlier(event, at, now) : eventStore.insert(event, at, now)]
    if (event.redactedBy !== undefined) statements.push(redactedEventStore.insert(event.eventNid, roomNid, now))
    for (const chunk of chunks) statements.push(stateNodeStore.insert(roomNid, chunk.id, chunk.bytes))
    if (graph.wasMissing) statements.push(roomGraphStore.deleteBackwardExtremity(roomNid, event.eventId))
    for (const missing of graph.missing) statements.push(roomGraphStore.insertBackwardExtremity(roomNid, missing))
    return statements
  }

  /** What an event changes of the room besides: only those of the timeline do. */
  #projections(roomNid: number, built: BuiltEvent, at: PositionMarker, rootBefore: number): BoundWrite[] {
    const { eventStore, roomStore, roomGraphStore, redactedEventStore, clock } = this.#deps
    const { event, head, redaction, graph } = built
    const statements: BoundWrite[] = []
    if (head.stateRoot !== rootBefore) statements.push(roomStore.insertState(roomNid, at, head.stateRoot))
    for (const change of built.membershipChanges) statements.push(...this.#membershipStatements(roomNid, change, at))
    if (redaction !== undefined) {
      statements.push(eventStore.insertRedaction(roomNid, redaction.eventId, event.eventNid))
      if (redaction.eventNid !== undefined) {
        statements.push(
          eventStore.markRedacted(roomNid, redaction.eventId, event.eventNid),
          redactedEventStore.insert(redaction.eventNid, roomNid, clock.now()),
        )
      }
    }
    for (const reset of graph.stateResets) {
      statements.push(roomGraphStore.insertStateReset(roomNid, at, reset, clock.now()))
    }
    return statements
  }

  #membershipStatements(roomNid: number, change: MembershipChange, at: PositionMarker): BoundWrite[] {
    const { membershipStore } = this.#deps
    const { userId, userNid, isLocal, before, after, eventNid } = change
    const statements = [
      membershipStore.upsert({ roomNid, userNid, membership: after, eventNid, position: at, isLocal }),
    ]
    const members = Number(after === 'join') - Number(before === 'join')
    if (members !== 1 && members !== -1) return statements
    const count = { roomNid, serverName: serverNameOf(userId), change: members, position: at } as const
    statements.push(...membershipStore.countServerMembers(count))
    return statements
  }
}

/** Whether an event takes a position in the stream. */
function isInTimeline({ event }: BuiltEvent): boolean {
  return event.status === eventStatus.accepted
}
