import { isRoomId, type RoomId } from '@magik/protocol'
import type { BoundWrite } from '../../platform/database/database.ts'
import type { CommitProgress, Job, JobKind, NewJob } from '../../platform/jobs/job.ts'
import type { EventRemovalStore } from '../../storage/event-removal-store.ts'
import type { RoomStore } from '../../storage/room-store.ts'
import type { StateNodeStore } from '../../storage/state-node-store.ts'
import type { RoomHead } from '../events/room-heads.ts'
import type { RoomMaintenance } from '../events/room-maintenance.ts'
import type { RoomWriter } from '../events/room-writer.ts'
import { StateSweep } from '../state/state-sweep.ts'

/** Chunks looked at in one step. */
const CHUNKS_PER_STEP = 100

/** States of a room read at once. */
const STATES_PER_SCAN = 5_000

/** How long whoever has been reading a tree may go on doing so after it is no longer needed. */
const GRACE_MS = 60_000

/** What collecting takes. */
export interface StateCollectorDeps {
  readonly maintenance: RoomMaintenance
  readonly writer: RoomWriter
  readonly roomStore: RoomStore
  readonly stateNodeStore: StateNodeStore
  readonly eventRemovalStore: EventRemovalStore
}

/** A sweep under way. */
interface Collection {
  readonly sweep: StateSweep
  /** Chunks from here on have had their turn. */
  sweptDownTo: number
  /** Chunks from here on have been written since the sweep last looked. */
  newFrom: number
}

/**
 * Deletes chunks of a room's state tree that no state of the room needs any more, while the room goes on. What is known
 * of a sweep is in memory: one that is cut off begins anew, and finds less to do.
 */
export class StateCollector implements JobKind {
  readonly name = 'collect_state_nodes'
  readonly #deps: StateCollectorDeps
  readonly #underWay = new Map<string, Collection>()

  constructor(deps: StateCollectorDeps) {
    this.#deps = deps
  }

  /** The job of collecting what a room no longer needs; there is one per room and moment. */
  jobFor(roomId: RoomId, now: number): NewJob {
    return { jobId: `${this.name} ${roomId} ${now}`, kind: this.name, resource: roomId, dueTs: now + GRACE_MS }
  }

  async step(job: Job, commit: CommitProgress): Promise<void> {
    const { maintenance } = this.#deps
    const { resource: roomId = '' } = job
    if (!isRoomId(roomId)) throw new Error(`the job ${job.jobId} names no room`)
    const collection = this.#underWay.get(job.jobId) ?? (await this.#begin(roomId))
    // A step that fails on its way has asked about chunks for nothing: the sweep begins anew.
    this.#underWay.delete(job.jobId)
    const swept = collection && (await maintenance.run(roomId, (head) => this.#sweep(head, collection, job, commit)))
    if (collection === undefined || swept === undefined) await commit({ isDone: true })
    else if (swept === 'goes on') this.#underWay.set(job.jobId, collection)
  }

  /** Finds out which trees the room needs. No event of the room is deleted meanwhile: one job at a time works on it. */
  async #begin(roomId: RoomId): Promise<Collection | undefined> {
    const start = await this.#deps.maintenance.run(roomId, async ({ roomNid, pending }) => ({ roomNid, pending }))
    if (start === undefined) return undefined
    const { roomNid, pending } = start
    // Events that come from now on build on trees that are here now, so that an event of now needs them, or bring
    // chunks that the sweep takes in.
    const roots = new Set([pending.stateRoot])
    for await (const some of this.#rootsOf(roomNid)) for (const root of some) roots.add(root)
    return { sweep: new StateSweep(roomNid, roots), sweptDownTo: pending.nextChunk, newFrom: pending.nextChunk }
  }

  async *#rootsOf(roomNid: number): AsyncGenerator<Iterable<number>, void, void> {
    const { eventRemovalStore, roomStore } = this.#deps
    let accepted = await eventRemovalStore.rootsOfAccepted(roomNid, { depth: 0, eventNid: 0 })
    while (accepted !== undefined) {
      yield accepted.roots
      accepted = await eventRemovalStore.rootsOfAccepted(roomNid, accepted.last)
    }
    let refused = await eventRemovalStore.rootsOfRefused(roomNid, 0)
    while (refused !== undefined) {
      yield refused.roots
      refused = await eventRemovalStore.rootsOfRefused(roomNid, refused.last)
    }
    let states = await roomStore.statesAfter(roomNid, -1, STATES_PER_SCAN)
    while (states.length > 0) {
      yield states.map(({ root }) => root)
      states = await roomStore.statesAfter(roomNid, states.at(-1)?.position ?? 0, STATES_PER_SCAN)
    }
  }

  /** One step, inside the room's queue. */
  async #sweep(
    head: RoomHead,
    collection: Collection,
    job: Job,
    commit: CommitProgress,
  ): Promise<'goes on' | 'has ended'> {
    const { stateNodeStore, writer } = this.#deps
    const { roomNid } = head
    await this.#admitNew(head, collection)
    const chunks = await stateNodeStore.below(roomNid, collection.sweptDownTo, CHUNKS_PER_STEP)
    const dead = chunks.filter((chunk) => !collection.sweep.isNeeded(chunk)).map(({ id }) => id)
    collection.sweptDownTo = chunks.at(-1)?.id ?? 0
    const isDone = chunks.length < CHUNKS_PER_STEP
    const deletes = rangesOf(dead).map(([from, to]) => stateNodeStore.deleteRange(roomNid, from, to))
    const collected = collectedBefore(job) + dead.length
    const progress = { statements: deletes, result: { chunks: collected }, isDone }
    // The guard keeps out another process that has built on one of the trees meanwhile.
    const write = (statements: readonly BoundWrite[]) => writer.maintain(head, statements)
    const result = await commit(dead.length === 0 ? progress : { ...progress, write })
    return result.committed && !isDone ? 'goes on' : 'has ended'
  }

  async #admitNew({ roomNid, pending }: RoomHead, collection: Collection): Promise<void> {
    while (collection.newFrom < pending.nextChunk) {
      const chunks = await this.#deps.stateNodeStore.from(roomNid, collection.newFrom, CHUNKS_PER_STEP)
      for (const chunk of chunks) collection.sweep.admit(chunk, collection.sweptDownTo)
      const last = chunks.at(-1)?.id
      collection.newFrom = chunks.length < CHUNKS_PER_STEP || last === undefined ? pending.nextChunk : last + 1
    }
  }
}

function collectedBefore({ result }: Job): number {
  if (typeof result !== 'object' || result === null || !('chunks' in result)) return 0
  return typeof result.chunks === 'number' ? result.chunks : 0
}

/** Ranges of consecutive numbers. @param descending numbers, each lower than the one before */
function rangesOf(descending: readonly number[]): [from: number, to: number][] {
  const ranges: [number, number][] = []
  for (const id of descending) {
    const last = ranges.at(-1)
    if (last !== undefined && last[0] === id + 1) last[0] = id
    else ranges.push([id, id])
  }
  return ranges
}
