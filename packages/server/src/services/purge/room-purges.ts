import { encodeBase64Url, type EventId, MatrixError, type RoomId } from '@magik/protocol'
import type { Job } from '../../platform/jobs/job.ts'
import type { JobRunner } from '../../platform/jobs/job-runner.ts'
import type { JobStore } from '../../storage/job-store.ts'
import type { Rooms } from '../rooms/rooms.ts'
import type { HistoryPoints } from './history-point.ts'
import type { HistoryPurge } from './history-purge.ts'
import type { RoomDeletion, RoomDeletionParameters } from './room-deletion.ts'

/** Bytes of randomness in the ID of a purge. */
const ID_BYTES = 12

/** Up to where history is purged: what is at that point stays. */
export type PurgePoint = { readonly eventId: EventId } | { readonly receivedBy: number }

/** What purging takes. */
export interface RoomPurgesDeps {
  readonly jobs: JobRunner
  readonly jobStore: JobStore
  readonly rooms: Rooms
  readonly historyPoints: HistoryPoints
  readonly historyPurge: HistoryPurge
  readonly roomDeletion: RoomDeletion
  readonly randomBytes: (count: number) => Uint8Array
}

/** Purges rooms, or their history, beside everything else. */
export class RoomPurges {
  readonly #deps: RoomPurgesDeps

  constructor(deps: RoomPurgesDeps) {
    this.#deps = deps
  }

  /**
   * Begins to purge a room's history.
   * @returns the purge's ID.
   * @throws MatrixError M_NOT_FOUND if the room holds no such point
   */
  async purgeHistory(roomId: RoomId, point: PurgePoint, deletesLocalEvents: boolean): Promise<string> {
    const { historyPoints } = this.#deps
    const depth =
      'eventId' in point
        ? await historyPoints.ofEvent(roomId, point.eventId)
        : await historyPoints.receivedBy(roomId, point.receivedBy)
    if (depth === undefined) throw new MatrixError('M_NOT_FOUND', 'there is no event to be purged')
    return this.#purgeBelow(roomId, depth, deletesLocalEvents)
  }

  /**
   * Begins to delete what this server has received of a room before a time, whoever sent it; the last of it stays, and
   * so does the room's state.
   * @returns the purge's ID; undefined if there is nothing that old.
   * @throws MatrixError M_NOT_FOUND if the room is not known
   */
  async expireBefore(roomId: RoomId, ts: number): Promise<string | undefined> {
    const depth = await this.#deps.historyPoints.receivedBy(roomId, ts)
    return depth === undefined ? undefined : this.#purgeBelow(roomId, depth, true)
  }

  /**
   * Begins to delete a room.
   * @returns the deletion's ID.
   * @throws MatrixError M_UNKNOWN (400) if that is under way already
   */
  async deleteRoom(parameters: RoomDeletionParameters): Promise<string> {
    const { jobs, roomDeletion } = this.#deps
    const others = await this.deletionsOf(parameters.roomId)
    if (others.some(({ finishedTs }) => finishedTs === undefined)) {
      throw new MatrixError('M_UNKNOWN', `Purge already in progress for ${parameters.roomId}`, { status: 400 })
    }
    const jobId = this.#newId()
    await jobs.schedule(roomDeletion.jobFor(jobId, parameters))
    return jobId
  }

  /** Purges of history by their ID. */
  async historyPurgeOf(purgeId: string): Promise<Job | undefined> {
    const job = await this.#deps.jobStore.find(purgeId)
    return job?.kind === this.#deps.historyPurge.name ? job : undefined
  }

  /** A deletion by its ID. */
  async deletion(deleteId: string): Promise<Job | undefined> {
    const job = await this.#deps.jobStore.find(deleteId)
    return job?.kind === this.#deps.roomDeletion.name ? job : undefined
  }

  /** Deletions of a room, past ones too, the newest first. */
  async deletionsOf(roomId: string): Promise<Job[]> {
    const jobs = await this.#deps.jobStore.ofResource(roomId)
    return jobs.filter(({ kind }) => kind === this.#deps.roomDeletion.name)
  }

  /** A deletion once it has ended. */
  ended(deleteId: string): Promise<Job | undefined> {
    return this.#deps.jobs.ended(deleteId)
  }

  async #purgeBelow(roomId: RoomId, depth: number, deletesLocalEvents: boolean): Promise<string> {
    const { jobs, historyPurge } = this.#deps
    const jobId = this.#newId()
    await jobs.schedule(historyPurge.jobFor(jobId, { roomId, depth, deletesLocalEvents }))
    return jobId
  }

  #newId(): string {
    return encodeBase64Url(this.#deps.randomBytes(ID_BYTES))
  }
}
