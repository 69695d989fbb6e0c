import type { Job } from '../../platform/jobs/job.ts'
import type { JobFilter, JobStore } from '../../storage/job-store.ts'

/** Shows administrators the long work that goes on beside the requests. */
export class ScheduledTasks {
  readonly #jobs: JobStore

  constructor(deps: { readonly jobStore: JobStore }) {
    this.#jobs = deps.jobStore
  }

  /** Jobs that a filter accepts, the one last changed first. */
  list(filter: JobFilter): Promise<Job[]> {
    return this.#jobs.list(filter)
  }
}
