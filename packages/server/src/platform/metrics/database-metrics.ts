import type { Registry } from 'prom-client'
import type { DatabaseObserver } from '../database/database.ts'
import { counter, histogram } from './instruments.ts'

const SECONDS = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5]
const BATCH_ENTRIES = [1, 2, 5, 10, 20, 50, 100, 200, 500]

/** Reports what the database does. */
export function databaseMetrics(registry: Registry): DatabaseObserver {
  const batchTime = histogram(registry, {
    name: 'magik_database_batch_seconds',
    help: 'Time from handing a batch of writes to the writer until it is durable.',
    buckets: SECONDS,
  })
  const batchEntries = histogram(registry, {
    name: 'magik_database_batch_entries',
    help: 'Writes that were committed together.',
    buckets: BATCH_ENTRIES,
  })
  const statements = counter(registry, {
    name: 'magik_database_written_statements_total',
    help: 'Statements executed by writes.',
  })
  const readTime = histogram(registry, {
    name: 'magik_database_read_seconds',
    help: 'Time of reads: on the main connection, and scans in reader threads.',
    labels: { kind: ['read', 'scan'] },
    buckets: SECONDS,
  })
  return {
    batchCommitted({ entries, statements: executed, durationMs }) {
      batchTime.observe(durationMs / 1_000)
      batchEntries.observe(entries)
      statements.add(executed)
    },
    readFinished({ durationMs, kind }) {
      readTime.observe(durationMs / 1_000, { kind })
    },
  }
}
