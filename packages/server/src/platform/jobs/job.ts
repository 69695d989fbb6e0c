import type { JsonValue } from '@magik/protocol'
import type { BoundWrite, WriteResult } from '../database/database.ts'

/** Where a job is. A recurring one is `scheduled` again when it has run. */
export type JobStatus = 'scheduled' | 'active' | 'complete' | 'failed'

/** Long work in small steps, as the database holds it. */
export interface Job {
  readonly jobId: string
  readonly kind: string
  /** What it works on, such as a room ID; one job at a time works on it. */
  readonly resource: string | undefined
  readonly status: JobStatus
  readonly parameters: JsonValue
  /** How far it is; null: at the beginning. */
  readonly cursor: JsonValue
  /** What it tells of what it has done; null: nothing yet. */
  readonly result: JsonValue
  /** Why it failed; of a recurring one, why it did the last time. */
  readonly error: string | undefined
  /** When it is to go on. Milliseconds since 1970, like the other times. */
  readonly dueTs: number
  readonly updatedTs: number
  readonly finishedTs: number | undefined
  /** One more per step. */
  readonly steps: number
}

/** What a job is to be made of. */
export interface NewJob {
  readonly jobId: string
  readonly kind: string
  readonly resource?: string
  readonly parameters?: JsonValue
  /** At once if left out. */
  readonly dueTs?: number
}

/** What a step has done: it is committed together with how far the job is now. */
export interface JobProgress {
  readonly statements?: readonly BoundWrite[]
  /** As before if left out. */
  readonly cursor?: JsonValue
  /** As before if left out. */
  readonly result?: JsonValue
  /** Nothing is left to do. */
  readonly isDone?: boolean
  /** When to go on; at once if left out. */
  readonly dueTs?: number
  /** Commits the statements in another way than as an entry of their own. */
  readonly write?: (statements: readonly BoundWrite[]) => Promise<WriteResult>
}

/** Commits what a step has done. A refused commit has done nothing. */
export type CommitProgress = (progress: JobProgress) => Promise<WriteResult>

/**
 * How one kind of work is done. A step takes at most about ten milliseconds or 500 rows, commits at least once, and can
 * be taken again when the process dies before it has committed.
 */
export interface JobKind {
  readonly name: string
  /** A job of this kind always exists, and runs this long after it last ended. */
  readonly everyMs?: number
  /** Takes the job's next step. @throws Error if the job cannot go on: it has failed. */
  step(job: Job, commit: CommitProgress): Promise<void>
}

/** Where jobs are kept. */
export interface JobRows {
  /** The job of a kind that is due first, if any is left to do. */
  next(kind: string): Promise<Job | undefined>
  find(jobId: string): Promise<Job | undefined>
  /** Adds a job; does nothing if there is one of that ID. */
  insert(job: NewJob, now: number): BoundWrite
  /** Replaces a job by what has become of it; refused under the guard `job` when another process was first. */
  advance(job: Job): BoundWrite
  /** Forgets some of the jobs that ended before a time. */
  deleteEnded(before: number): BoundWrite
}
