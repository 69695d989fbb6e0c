import type { BatchOutcome } from '../batch-outcome.ts'
import type { SqlValue } from '../database.ts'

/** How the writer treats durability: FULL syncs each commit to the disk, OFF leaves that to the operating system. */
export type Synchronous = 'FULL' | 'OFF'

/** What a thread needs to open the database. */
export interface WriterThreadOptions {
  readonly path: string
  /** The folder of migrations, as a file URL. */
  readonly migrationsUrl: string
  readonly synchronous: Synchronous
  readonly pageCacheBytes: number
  /** How long the write-ahead log grows before its pages are copied into the database. */
  readonly checkpointBytes: number
}

export interface ReaderThreadOptions {
  readonly path: string
  readonly formattersUrl: string | undefined
  readonly pageCacheBytes: number
}

/** A statement the writer has not seen yet. */
export interface NewStatement {
  readonly id: number
  readonly sql: string
  readonly slots: number
  readonly kind: 'read' | 'write'
  readonly returnsRows: boolean
}

/** A value on its way to the writer. A bigint, which no column takes from us, stands for the entry's i-th position. */
export type WireValue = SqlValue | bigint

/**
 * Entries to commit, flat because cloning one long array between threads costs a fraction of cloning many small ones.
 * `program` holds for each entry: number of statements, number of positions, then for each statement its ID and
 * whether (1) or not (0) it is a guard. `values` holds what fills the statements' placeholders, in order.
 */
export interface Batch {
  readonly newStatements: readonly NewStatement[]
  readonly entries: number
  readonly program: readonly number[]
  readonly values: readonly WireValue[]
}

/** From the main thread to the writer. Answers come in order of requests. */
export type WriterRequest =
  | { readonly kind: 'batch'; readonly batch: Batch }
  | { readonly kind: 'pragmas' }
  | { readonly kind: 'close' }

/** From the writer to the main thread. */
export type WriterReply =
  | { readonly kind: 'open'; readonly position: number }
  | { readonly kind: 'open_failed'; readonly isMigration: boolean; readonly error: unknown }
  | { readonly kind: 'batch'; readonly outcome: BatchOutcome }
  /** Nothing of the batch has been done. */
  | { readonly kind: 'batch_failed'; readonly error: unknown }
  | { readonly kind: 'pragmas'; readonly pragmas: Readonly<Record<string, SqlValue>> }

/** From the main thread to a reader, which works on one at a time. */
export interface ScanRequest {
  readonly name: string
  readonly sql: string
  readonly values: readonly SqlValue[]
  /** The name of the function that makes a row JSON; without one, rows are returned. */
  readonly formatter: string | undefined
  readonly timeLimitMs: number
}

/** From a reader to the main thread. Rows travel without their column names, which are the same for all. */
export type ReaderReply =
  | { readonly kind: 'open' }
  | { readonly kind: 'open_failed'; readonly error: unknown }
  | { readonly kind: 'rows'; readonly columns: readonly string[]; readonly rows: readonly (readonly SqlValue[])[] }
  | { readonly kind: 'json'; readonly json: string; readonly rowCount: number }
  | { readonly kind: 'timed_out' }
  | { readonly kind: 'failed'; readonly error: unknown }
