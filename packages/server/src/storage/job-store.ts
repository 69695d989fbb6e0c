import { type JsonValue, parseJsonText, stringifyJson } from '@magik/protocol'
import type { BoundWrite, Database } from '../platform/database/database.ts'
import { bind } from '../platform/database/query.ts'
import type { Job, JobRows, JobStatus, NewJob } from '../platform/jobs/job.ts'
import type { Schema } from './schema.ts'

/** Jobs forgotten in one go. */
const FORGOTTEN_AT_ONCE = 100

/** Most jobs that one list holds. */
const MAX_LISTED = 100

/** Most jobs that are looked at for a list. */
const MAX_SCANNED = 10_000

/** Which jobs to list; all by default. */
export interface JobFilter {
  readonly kind?: string | undefined
  readonly resource?: string | undefined
  readonly status?: string | undefined
  /** Those last changed at or before. */
  readonly upTo?: number | undefined
}

/** Long work in small steps. */
export class JobStore implements JobRows {
  readonly #database: Database<Schema>
  readonly #next
  readonly #find
  readonly #ofResource
  readonly #all
  readonly #insert
  readonly #advance
  readonly #deleteEnded

  constructor(database: Database<Schema>) {
    this.#database = database
    this.#next = database.query<{ kind: string }>()((q, p) =>
      q
        .selectFrom('jobs')
        .selectAll()
        .where('kind', '=', p.kind)
        .where('finished_ts', 'is', null)
        .orderBy('due_ts')
        .limit(1),
    )
    this.#find = database.query<{ jobId: string }>()((q, p) =>
      q.selectFrom('jobs').selectAll().where('job_id', '=', p.jobId),
    )
    this.#ofResource = database.query<{ resource: string; limit: number }>()((q, p) =>
      q
        .selectFrom('jobs')
        .selectAll()
        .where('resource', '=', p.resource)
        .where('resource', 'is not', null)
        .orderBy('updated_ts', 'desc')
        .limit(p.limit),
    )
    this.#all = database.query<{ limit: number }>({ scan: true })((q, p) =>
      q.selectFrom('jobs').selectAll().orderBy('updated_ts', 'desc').limit(p.limit),
    )
    this.#insert = database.query<{
      jobId: string
      kind: string
      resource: string | null
      parameters: string
      dueTs: number
      now: number
    }>()((q, p) =>
      q
        .insertInto('jobs')
        .values({
          job_id: p.jobId,
          kind: p.kind,
          resource: p.resource,
          status: 'scheduled',
          parameters: p.parameters,
          due_ts: p.dueTs,
          updated_ts: p.now,
          steps: 0,
        })
        .onConflict((conflict) => conflict.doNothing()),
    )
    this.#advance = database.query<{
      jobId: string
      status: string
      cursor: string
      result: string
      error: string | null
      dueTs: number
      updatedTs: number
      finishedTs: number | null
      steps: number
      expectedSteps: number
    }>()((q, p) =>
      q
        .updateTable('jobs')
        .set({
          status: p.status,
          cursor: p.cursor,
          result: p.result,
          error: p.error,
          due_ts: p.dueTs,
          updated_ts: p.updatedTs,
          finished_ts: p.finishedTs,
          steps: p.steps,
        })
        .where('job_id', '=', p.jobId)
        .where('steps', '=', p.expectedSteps),
    )
    this.#deleteEnded = database.query<{ before: number; limit: number }>()((q, p) =>
      q
        .deleteFrom('jobs')
        .where('job_id', 'in', (eb) =>
          eb
            .selectFrom('jobs')
            .select('job_id')
            .where('finished_ts', 'is not', null)
            .where('finished_ts', '<', p.before)
            .limit(p.limit),
        ),
    )
  }

  async next(kind: string): Promise<Job | undefined> {
    return toJob(await this.#database.first(this.#next, { kind }))
  }

  async find(jobId: string): Promise<Job | undefined> {
    return toJob(await this.#database.first(this.#find, { jobId }))
  }

  /** The newest jobs on a resource, at most a hundred. */
  async ofResource(resource: string): Promise<Job[]> {
    const rows = await this.#database.all(this.#ofResource, { resource, limit: MAX_LISTED })
    return rows.flatMap((row) => toJob(row) ?? [])
  }

  /** Jobs, the one last changed first. */
  async list(filter: JobFilter): Promise<Job[]> {
    const { kind, resource, status, upTo } = filter
    const jobs = (await this.#database.scan(this.#all, { limit: MAX_SCANNED })).flatMap((row) => toJob(row) ?? [])
    return jobs.filter(
      (job) =>
        (kind === undefined || job.kind === kind) &&
        (resource === undefined || job.resource === resource) &&
        (status === undefined || job.status === status) &&
        (upTo === undefined || job.updatedTs <= upTo),
    )
  }

  insert({ jobId, kind, resource, parameters, dueTs }: NewJob, now: number): BoundWrite {
    return bind(this.#insert, {
      jobId,
      kind,
      resource: resource ?? null,
      parameters: stringifyJson(parameters ?? null),
      dueTs: dueTs ?? now,
      now,
    })
  }

  advance(job: Job): BoundWrite {
    const { jobId, status, cursor, result, error, dueTs, updatedTs, finishedTs, steps } = job
    const parameters = {
      jobId,
      status,
      cursor: stringifyJson(cursor),
      result: stringifyJson(result),
      error: error ?? null,
      dueTs,
      updatedTs,
      finishedTs: finishedTs ?? null,
      steps,
      expectedSteps: steps - 1,
    }
    return bind(this.#advance, parameters, { guard: 'job' })
  }

  deleteEnded(before: number): BoundWrite {
    return bind(this.#deleteEnded, { before, limit: FORGOTTEN_AT_ONCE })
  }
}

interface SelectedJob {
  job_id: string
  kind: string
  resource: string | null
  status: string
  parameters: string
  cursor: string | null
  result: string | null
  error: string | null
  due_ts: number
  updated_ts: number
  finished_ts: number | null
  steps: number
}

function toJob(row: SelectedJob | undefined): Job | undefined {
  if (row === undefined) return undefined
  return {
    jobId: row.job_id,
    kind: row.kind,
    resource: row.resource ?? undefined,
    status: toStatus(row.status),
    parameters: parseJsonText(row.parameters),
    cursor: toJson(row.cursor),
    result: toJson(row.result),
    error: row.error ?? undefined,
    dueTs: row.due_ts,
    updatedTs: row.updated_ts,
    finishedTs: row.finished_ts ?? undefined,
    steps: row.steps,
  }
}

function toJson(text: string | null): JsonValue {
  return text === null ? null : parseJsonText(text)
}

function toStatus(text: string): JobStatus {
  switch (text) {
    case 'scheduled':
    case 'active':
    case 'complete':
    case 'failed':
      return text
    default:
      throw new Error(`job status ${text} is unknown`)
  }
}
