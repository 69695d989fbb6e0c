import { isRoomId, isUserId, type RoomId, type UserId } from '@magik/protocol'
import Type, { type Static } from 'typebox'
import Value from 'typebox/value'
import type { CommitProgress, Job, JobKind, NewJob } from '../../platform/jobs/job.ts'
import type { AliasStore } from '../../storage/alias-store.ts'
import type { MembershipStore } from '../../storage/membership-store.ts'
import type { RoomRemovalStore } from '../../storage/room-removal-store.ts'
import type { EventReader } from '../events/event-reader.ts'
import type { RoomHeads } from '../events/room-heads.ts'
import type { RoomMaintenance } from '../events/room-maintenance.ts'
import type { RoomBlocks } from '../rooms/room-blocks.ts'
import type { RoomListener } from './room-listener.ts'
import { reportOf, type RoomShutdown } from './room-shutdown.ts'

/** Rows of each table deleted in one step: of all of them together some hundred. */
const ROWS_PER_TABLE = 50

const Nullable = Type.Union([Type.String(), Type.Null()])

const Parameters = Type.Object({
  roomId: Type.String(),
  requester: Type.String(),
  newRoomUserId: Nullable,
  newRoomName: Nullable,
  message: Nullable,
  isBlocked: Type.Boolean(),
  isPurged: Type.Boolean(),
  /** Purge even if users of this server are still in the room. */
  isForced: Type.Boolean(),
})

/** How to delete a room. */
export type RoomDeletionParameters = Static<typeof Parameters>

const Cursor = Type.Object({
  phase: Type.Union([
    Type.Literal('new room'),
    Type.Literal('members'),
    Type.Literal('aliases'),
    Type.Literal('purge'),
    Type.Literal('rows'),
  ]),
  roomNid: Type.Integer(),
  /** Number of the last user who has been taken out. */
  after: Type.Integer(),
})

type Cursor = Static<typeof Cursor>

/** What deleting rooms takes. */
export interface RoomDeletionDeps {
  readonly shutdown: RoomShutdown
  readonly blocks: RoomBlocks
  readonly maintenance: RoomMaintenance
  readonly heads: RoomHeads
  readonly events: EventReader
  readonly aliasStore: AliasStore
  readonly membershipStore: MembershipStore
  readonly roomRemovalStore: RoomRemovalStore
  /** Called once nobody can find the room any more. */
  readonly onRoomGone: RoomListener
}

/** What a step needs to know. */
interface Deletion {
  readonly job: Job
  readonly parameters: RoomDeletionParameters
  readonly roomId: RoomId
  readonly newRoomCreator: UserId | undefined
  readonly commit: CommitProgress
}

/**
 * Shuts a room down and deletes all of it, step by step: blocks it, moves its members and aliases elsewhere, makes it
 * unknown, then deletes its rows a few at a time while all other rooms go on.
 */
export class RoomDeletion implements JobKind {
  readonly name = 'shutdown_and_purge_room'
  readonly #deps: RoomDeletionDeps

  constructor(deps: RoomDeletionDeps) {
    this.#deps = deps
  }

  /** The job of deleting a room. */
  jobFor(jobId: string, parameters: RoomDeletionParameters): NewJob {
    return { jobId, kind: this.name, resource: parameters.roomId, parameters }
  }

  async step(job: Job, commit: CommitProgress): Promise<void> {
    const { parameters } = job
    if (!Value.Check(Parameters, parameters) || !isRoomId(parameters.roomId)) {
      throw new Error(`the job ${job.jobId} does not say what to delete`)
    }
    const { roomId, newRoomUserId } = parameters
    const newRoomCreator = newRoomUserId !== null && isUserId(newRoomUserId) ? newRoomUserId : undefined
    const deletion = { job, parameters, roomId, newRoomCreator, commit }
    if (!Value.Check(Cursor, job.cursor)) return this.#begin(deletion)
    const { cursor } = job
    switch (cursor.phase) {
      case 'new room':
        return this.#makeNewRoom(deletion, cursor)
      case 'members':
        return this.#removeMembers(deletion, cursor)
      case 'aliases':
        return this.#moveAliases(deletion, cursor)
      case 'purge':
        return this.#makeUnknown(deletion, cursor)
      case 'rows':
        return this.#deleteRows(deletion, cursor)
    }
  }

  /** First of all the room is blocked, also one that is not known here. */
  async #begin({ parameters, roomId, job, commit }: Deletion): Promise<void> {
    const { blocks, heads } = this.#deps
    const head = await heads.find(roomId)
    const statements = parameters.isBlocked ? [blocks.block(roomId, parameters.requester)] : []
    const result = reportOf(job.result)
    if (head === undefined) await commit({ statements, result, isDone: true })
    else await commit({ statements, result, cursor: { phase: 'new room', roomNid: head.roomNid, after: 0 } })
  }

  async #makeNewRoom({ parameters, job, newRoomCreator, commit }: Deletion, cursor: Cursor): Promise<void> {
    const report = reportOf(job.result)
    const newRoomId =
      newRoomCreator === undefined
        ? null
        : await this.#deps.shutdown.makeNewRoom(newRoomCreator, parameters.newRoomName)
    await commit({ cursor: { ...cursor, phase: 'members' }, result: { ...report, new_room_id: newRoomId } })
  }

  async #removeMembers({ parameters, roomId, job, commit }: Deletion, cursor: Cursor): Promise<void> {
    const room = { roomId, roomNid: cursor.roomNid }
    const { report, statements, next } = await this.#deps.shutdown.removeMembers(
      room,
      cursor.after,
      reportOf(job.result),
    )
    await commit({
      statements: parameters.isPurged ? statements : [],
      cursor: next === undefined ? { ...cursor, phase: 'aliases' } : { ...cursor, after: next },
      result: report,
    })
  }

  async #moveAliases({ parameters, job, newRoomCreator, commit }: Deletion, cursor: Cursor): Promise<void> {
    const { shutdown } = this.#deps
    const report = reportOf(job.result)
    const { new_room_id: newRoomId } = report
    const next = parameters.isPurged ? { cursor: { ...cursor, phase: 'purge' } } : { isDone: true }
    if (newRoomCreator === undefined || newRoomId === null || !isRoomId(newRoomId)) {
      await commit(next)
      return
    }
    const { aliases, statements } = await shutdown.moveAliases(cursor.roomNid, newRoomId)
    await shutdown.explain(newRoomId, newRoomCreator, parameters.message)
    await commit({ ...next, statements, result: { ...report, local_aliases: [...aliases] } })
  }

  /** From here on the room is not known any more; what is left of it is rows that nobody asks for. */
  async #makeUnknown({ parameters, roomId, commit }: Deletion, cursor: Cursor): Promise<void> {
    const { maintenance, membershipStore, roomRemovalStore, aliasStore, heads, onRoomGone } = this.#deps
    const { roomNid } = cursor
    await maintenance.run(roomId, async (head) => {
      if (!parameters.isForced && (await membershipStore.hasLocalMembers(roomNid))) {
        throw new Error('Users are still joined to this room')
      }
      const result = await commit({
        statements: [roomRemovalStore.deleteHead(roomNid), aliasStore.deleteAll(roomNid)],
        cursor: { ...cursor, phase: 'rows' },
      })
      if (!result.committed) return
      heads.drop(head)
      onRoomGone({ roomId, roomNid })
    })
  }

  async #deleteRows({ roomId, commit }: Deletion, cursor: Cursor): Promise<void> {
    const { roomRemovalStore, events, onRoomGone } = this.#deps
    const { roomNid } = cursor
    const result = await commit({ statements: roomRemovalStore.deleteSome(roomNid, ROWS_PER_TABLE) })
    // The job's own row is one of those that have changed.
    if (!result.committed || result.rowsChanged > 1) return
    await commit({ statements: [roomRemovalStore.deleteRoom(roomNid)], isDone: true })
    events.forgetRoom(roomNid)
    onRoomGone({ roomId, roomNid })
  }
}
