import Type from 'typebox'
import { Json } from '../../platform/http/schemas.ts'
import type { ScheduledTasks } from '../../services/admin/scheduled-tasks.ts'
import { endpoint } from '../endpoint.ts'

/** Long work under way, to come, or done in the last days. */
export const scheduledTasks = endpoint({
  route: 'GET /_synapse/admin/v1/scheduled_tasks',
  auth: 'admin',
  query: {
    action_name: Type.Optional(Type.String()),
    resource_id: Type.Optional(Type.String()),
    status: Type.Optional(Type.String()),
    job_status: Type.Optional(Type.String()),
    max_timestamp: Type.Optional(Type.Integer()),
  },
  reply: {
    scheduled_tasks: Type.Array(
      Type.Object({
        id: Type.String(),
        action: Type.String(),
        status: Type.String(),
        timestamp_ms: Type.Integer(),
        resource_id: Type.Union([Type.String(), Type.Null()]),
        result: Json,
        error: Type.Union([Type.String(), Type.Null()]),
      }),
    ),
  },
  async handle({ query }, { scheduledTasks: tasks }: { scheduledTasks: ScheduledTasks }) {
    const jobs = await tasks.list({
      kind: query.action_name,
      resource: query.resource_id,
      status: query.status ?? query.job_status,
      upTo: query.max_timestamp,
    })
    return {
      scheduled_tasks: jobs.map((job) => ({
        id: job.jobId,
        action: job.kind,
        status: job.status,
        timestamp_ms: job.updatedTs,
        resource_id: job.resource ?? null,
        result: job.result,
        error: job.error ?? null,
      })),
    }
  },
})
