import type { Registry } from 'prom-client'
import type { JobObserver } from '../jobs/job-runner.ts'
import { counter } from './instruments.ts'

/** Reports what jobs do. @param kinds every kind of job that there is */
export function jobMetrics(registry: Registry, kinds: readonly string[]): JobObserver {
  const steps = counter(registry, {
    name: 'magik_jobs_steps_total',
    help: 'Steps taken by jobs: long work such as purging, in small pieces.',
    labels: { kind: kinds },
  })
  const ended = counter(registry, {
    name: 'magik_jobs_ended_total',
    help: 'Jobs that have ended.',
    labels: { kind: kinds, outcome: ['complete', 'failed'] },
  })
  return {
    stepTaken: (kind) => steps.increment({ kind }),
    jobEnded: (kind, outcome) => ended.increment({ kind, outcome }),
  }
}
