import type { Clock, Timer } from '../clock/clock.ts'
import { nextTurn } from '../clock/next-turn.ts'
import type { BoundWrite, WriteResult } from '../database/database.ts'
import type { Logger } from '../log/logger.ts'
import type { Job, JobKind, JobProgress, JobRows, NewJob } from './job.ts'

/** How long a job that has ended can still be asked about. */
const KEPT_MS = 7 * 24 * 60 * 60_000

/** How long a job waits while more is to be written than the database takes. */
const BUSY_MS = 1_000

/** Steps in a row that may fail to commit because somebody else was first. */
const MAX_REFUSED_STEPS = 20

/** Hears what jobs do, for metrics. Must not throw. */
export interface JobObserver {
  stepTaken?(kind: string): void
  jobEnded?(kind: string, outcome: 'complete' | 'failed'): void
}

/** What running jobs takes. */
export interface JobRunnerDeps {
  readonly clock: Clock
  readonly logger: Logger
  readonly rows: JobRows
  readonly write: (entry: { readonly statements: readonly BoundWrite[] }) => Promise<WriteResult>
  readonly kinds: readonly JobKind[]
  readonly observer?: JobObserver
  /** Whether an error says that the database has too much to do just now. */
  readonly isOverload: (error: unknown) => boolean
  /** Whether an error says that the database is closed, or lost: nothing can be done any more. */
  readonly isClosed: (error: unknown) => boolean
}

/** The jobs of one kind: one of them at a time is worked on. */
interface Lane {
  readonly kind: JobKind
  running: Promise<void> | undefined
  /** Until its next job is due. */
  timer: Timer | undefined
  /** Something has been added since the lane looked. */
  isWoken: boolean
}

/**
 * Takes jobs through their steps: one job of a kind at a time, and one of a resource. Between two steps everything else
 * has its turn. A job that is cut off goes on from its last committed step when the server is started again.
 */
export class JobRunner {
  readonly #deps: JobRunnerDeps
  readonly #lanes: ReadonlyMap<string, Lane>
  readonly #busy = new Map<string, Promise<void>>()
  readonly #ends = new Map<string, { promise: Promise<void>; resolve: () => void }>()
  readonly #stopping = new AbortController()

  constructor(deps: JobRunnerDeps) {
    this.#deps = deps
    this.#lanes = new Map(
      deps.kinds.map((kind) => [kind.name, { kind, running: undefined, timer: undefined, isWoken: false }]),
    )
  }

  /** Makes the recurring jobs, and goes on with what an earlier process has left. */
  async start(): Promise<void> {
    const { rows, clock, write } = this.#deps
    for (const { kind } of this.#lanes.values()) {
      if (kind.everyMs === undefined) continue
      const dueTs = clock.now() + kind.everyMs
      await write({ statements: [rows.insert({ jobId: kind.name, kind: kind.name, dueTs }, clock.now())] })
    }
    for (const name of this.#lanes.keys()) this.#wake(name)
  }

  /** Takes no further step; resolves when those under way have ended. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    for (const { timer } of this.#lanes.values()) timer?.cancel()
    await Promise.all([...this.#lanes.values()].map(({ running }) => running))
    for (const { resolve } of this.#ends.values()) resolve()
  }

  /** Adds a job, durably; one of that ID that exists stays as it is. */
  async schedule(job: NewJob): Promise<void> {
    const { rows, clock, write } = this.#deps
    await write({ statements: [rows.insert(job, clock.now())] })
    this.#wake(job.kind)
  }

  /** Looks for jobs of a kind that have been added. */
  #wake(kind: string): void {
    const lane = this.#lanes.get(kind)
    if (lane === undefined) throw new Error(`nobody does jobs of kind ${kind}`)
    lane.isWoken = true
    if (this.#stopping.signal.aborted) return
    lane.running ??= this.#run(lane).finally(() => {
      lane.running = undefined
      if (lane.isWoken) this.#wake(kind)
    })
  }

  /** The job, once it has ended; as it is, when the server stops before. Undefined for one that does not exist. */
  async ended(jobId: string): Promise<Job | undefined> {
    const end = this.#ends.get(jobId) ?? Promise.withResolvers<void>()
    this.#ends.set(jobId, end)
    const job = await this.#deps.rows.find(jobId)
    if (job === undefined || job.finishedTs !== undefined) {
      this.#ends.delete(jobId)
      return job
    }
    await end.promise
    return this.#deps.rows.find(jobId)
  }

  async #run(lane: Lane): Promise<void> {
    const { rows, clock, logger } = this.#deps
    try {
      while (!this.#stopping.signal.aborted) {
        lane.isWoken = false
        const job = await rows.next(lane.kind.name)
        if (job === undefined) return
        if (job.dueTs > clock.now()) {
          lane.timer?.cancel()
          lane.timer = clock.setTimeout(() => this.#wake(lane.kind.name), job.dueTs - clock.now())
          return
        }
        await this.#workOn(lane.kind, job)
      }
    } catch (error) {
      if (this.#deps.isClosed(error)) return
      logger.error({ err: error, kind: lane.kind.name }, 'jobs cannot be read')
    }
  }

  async #workOn(kind: JobKind, job: Job): Promise<void> {
    const { resource } = job
    if (resource === undefined) return this.#work(kind, job)
    const other = this.#busy.get(resource)
    if (other !== undefined) return other
    const work = this.#work(kind, job).finally(() => this.#busy.delete(resource))
    this.#busy.set(resource, work)
    return work
  }

  /** Takes a job's steps until it ends, has to wait, or is lost to another process. */
  async #work(kind: JobKind, first: Job): Promise<void> {
    const { clock, observer, logger, isOverload, isClosed } = this.#deps
    if (first.steps === 0) logger.info({ jobId: first.jobId, kind: kind.name }, 'job started')
    let job = first
    let refused = 0
    const commit = async (progress: JobProgress): Promise<WriteResult> => {
      const { next, result } = await this.#commit(kind, job, progress)
      if (result.committed) {
        job = next
        refused = 0
      } else refused += 1
      return result
    }
    while (!this.#stopping.signal.aborted) {
      const { steps } = job
      try {
        await kind.step(job, commit)
        observer?.stepTaken?.(kind.name)
        if (job.steps === steps && refused === 0) throw new Error('a step has committed nothing')
        if (refused > 0 && (await this.#isLost(job, refused))) return
      } catch (error) {
        if (this.#stopping.signal.aborted || isClosed(error)) return
        if (isOverload(error)) {
          await clock.sleep(BUSY_MS, this.#stopping.signal).catch(() => undefined)
          continue
        }
        return this.#fail(kind, job, error)
      }
      if (job.finishedTs !== undefined || job.dueTs > clock.now()) return
      await nextTurn()
    }
  }

  async #commit(
    kind: JobKind,
    job: Job,
    progress: JobProgress,
  ): Promise<{ readonly next: Job; readonly result: WriteResult }> {
    const { rows, write, logger, observer } = this.#deps
    const next = this.#advanced(kind, job, progress)
    const statements = [...(progress.statements ?? []), rows.advance(next)]
    if (next.finishedTs !== undefined) statements.push(rows.deleteEnded(next.finishedTs - KEPT_MS))
    const result = await (progress.write?.(statements) ?? write({ statements }))
    if (result.committed && progress.isDone === true) {
      logger.info({ jobId: job.jobId, kind: kind.name, steps: next.steps }, 'job complete')
      observer?.jobEnded?.(kind.name, 'complete')
      this.#tellEnd(job.jobId)
    }
    return { next, result }
  }

  #advanced(kind: JobKind, job: Job, progress: JobProgress): Job {
    const now = this.#deps.clock.now()
    const next = {
      ...job,
      status: 'active' as const,
      cursor: progress.cursor ?? job.cursor,
      result: progress.result ?? job.result,
      dueTs: progress.dueTs ?? job.dueTs,
      updatedTs: now,
      steps: job.steps + 1,
    }
    if (progress.isDone !== true) return next
    if (kind.everyMs === undefined) return { ...next, status: 'complete', finishedTs: now }
    return { ...next, status: 'scheduled', cursor: null, error: undefined, dueTs: now + kind.everyMs }
  }

  /** Whether another process has taken a job's steps meanwhile. @throws Error if its commits are refused for ever. */
  async #isLost(job: Job, refused: number): Promise<boolean> {
    const stored = await this.#deps.rows.find(job.jobId)
    if (stored?.steps !== job.steps) return true
    if (refused > MAX_REFUSED_STEPS) throw new Error('what the job works on changes too fast')
    return false
  }

  async #fail(kind: JobKind, job: Job, error: unknown): Promise<void> {
    const { rows, write, clock, logger, observer } = this.#deps
    const { jobId } = job
    logger.error({ err: error, jobId, kind: kind.name }, 'job failed')
    observer?.jobEnded?.(kind.name, 'failed')
    const now = clock.now()
    const failed = {
      ...job,
      error: error instanceof Error ? error.message : String(error),
      updatedTs: now,
      steps: job.steps + 1,
    }
    const next: Job =
      kind.everyMs === undefined
        ? { ...failed, status: 'failed', finishedTs: now }
        : { ...failed, status: 'scheduled', cursor: null, dueTs: now + kind.everyMs }
    await write({ statements: [rows.advance(next)] })
    this.#tellEnd(jobId)
  }

  #tellEnd(jobId: string): void {
    this.#ends.get(jobId)?.resolve()
    this.#ends.delete(jobId)
  }
}
