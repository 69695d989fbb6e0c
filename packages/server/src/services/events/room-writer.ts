import { serverNameOf } from '@magik/protocol'
import type { BoundWrite } from '../../platform/database/database.ts'
import { position } from '../../platform/database/query.ts'
import { changeKind } from '../../storage/change-kind.ts'
import type { EventStore } from '../../storage/event-store.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import type { StateNodeStore } from '../../storage/state-node-store.ts'
import type { StoredEvent } from '../../storage/stored-event.ts'
import type { ChangeLog } from '../log/change-log.ts'
import type { TreeCache } from '../state/tree-cache.ts'
import type { AppendResult, BuiltEvent, TimelineDetails } from './built-event.ts'
import type { EntryUsers } from './entry-users.ts'
import type { EventReader } from './event-reader.ts'
import type { RoomHead, RoomHeads } from './room-heads.ts'

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

/** What the writer stands on. */
export interface RoomWriterDeps {
  readonly log: ChangeLog
  readonly heads: RoomHeads
  readonly events: EventReader
  readonly treeCache: TreeCache
  readonly eventStore: EventStore
  readonly roomStore: RoomStore
  readonly membershipStore: MembershipStore
  readonly stateNodeStore: StateNodeStore
}

/**
 * The only writer of events: one commit holds an event, the room's head, its state and every projection of them.
 * Called inside the room's queue; the head in memory moves on at once, so that the room's next event builds on this
 * one without waiting for the disk.
 */
export class RoomWriter {
  readonly #deps: RoomWriterDeps
  readonly #listeners: TimelineListener[] = []

  constructor(deps: RoomWriterDeps) {
    this.#deps = deps
  }

  /** Adds a listener. */
  listen(listener: TimelineListener): void {
    this.#listeners.push(listener)
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
    const newHead = { ...last.head, version: expected.version + 1 }
    const statements = this.#statements(append, expected, newHead)
    if (append.creation === undefined) for (const built of events) this.stage(head, built)
    head.advance(newHead)
    this.#deps.heads.hold(head)
    const result = this.#commit(append, statements, newHead)
    head.newestCommit = result
    return result
  }

  /** Lets the room's next event build on one that is not durable yet. */
  stage(head: RoomHead, { event, pdu, chunks }: BuiltEvent): void {
    this.#deps.events.pin(event, pdu)
    this.#deps.treeCache.pin(head.roomNid, chunks)
  }

  /** Takes back `stage` for an event that will not be committed. */
  unstage(head: RoomHead, { event, chunks }: BuiltEvent): void {
    this.#deps.events.unpin(event.eventNid)
    this.#deps.treeCache.discard(head.roomNid, chunks)
  }

  async #commit(
    append: RoomAppend,
    statements: readonly BoundWrite[],
    newHead: RoomHead['pending'],
  ): Promise<AppendResult> {
    const { head, events, users } = append
    const { log, heads, events: reader, treeCache } = this.#deps
    let isDurable = false
    try {
      const result = await log.append({
        statements,
        changes: events.map(({ event }) => ({
          kind: changeKind.event,
          roomNid: head.roomNid,
          userNid: event.senderNid,
          ref: event.eventNid,
        })),
        onDurable: (first) => {
          isDurable = true
          users.confirm()
          events.forEach((built, index) => {
            const { event, pdu, chunks, redaction } = built
            const stored = { ...event, position: first + index }
            reader.put(stored, pdu)
            treeCache.unpin(head.roomNid, chunks)
            this.publish(stored, built)
            if (redaction?.eventNid === undefined) return
            reader.invalidate(redaction.eventNid)
            head.forgetState()
          })
          head.settle({ committed: newHead, position: first + events.length - 1 })
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

  #statements(append: RoomAppend, expected: RoomHead['pending'], newHead: RoomHead['pending']): BoundWrite[] {
    const { head, events, users, creation } = append
    const { roomStore } = this.#deps
    const lastPosition = position(events.length - 1)
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
        roomStore.insertHead(head.roomNid, newHead, lastPosition),
        ...creation.extra,
      )
    }
    events.forEach((built, index) => {
      statements.push(...this.#eventStatements(head.roomNid, built, index))
    })
    return statements
  }

  #eventStatements(roomNid: number, built: BuiltEvent, index: number): BoundWrite[] {
    const { eventStore, roomStore, membershipStore, stateNodeStore } = this.#deps
    const { event, chunks, membershipChange, redaction } = built
    const statements = [eventStore.insert(event, position(index))]
    for (const chunk of chunks) statements.push(stateNodeStore.insert(roomNid, chunk.id, chunk.bytes))
    if (event.stateAfter !== undefined && event.stateAfter !== event.stateBefore) {
      statements.push(roomStore.insertState(roomNid, position(index), event.stateAfter))
    }
    if (membershipChange !== undefined) {
      const { userId, userNid, isLocal, before, after } = membershipChange
      statements.push(
        membershipStore.upsert({
          roomNid,
          userNid,
          membership: after,
          eventNid: event.eventNid,
          position: position(index),
          isLocal,
        }),
      )
      const serverMembers = Number(after === 'join') - Number(before === 'join')
      if (serverMembers === 1 || serverMembers === -1) {
        statements.push(
          ...membershipStore.countServerMembers({
            roomNid,
            serverName: serverNameOf(userId),
            change: serverMembers,
            position: position(index),
          }),
        )
      }
    }
    if (redaction !== undefined) {
      statements.push(
        eventStore.insertRedaction(roomNid, redaction.eventId, event.eventNid),
        eventStore.markRedacted(roomNid, redaction.eventId, event.eventNid),
      )
    }
    return statements
  }
}
