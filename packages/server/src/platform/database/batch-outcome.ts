import type { Row, WriteEntry } from './database.ts'
import { DatabaseError, errorMessage, ValueTooLongError } from './errors.ts'
import type { PendingEntry } from './pending-entry.ts'

/** What became of a batch that was committed; entries and statements are named by their index. */
export interface BatchOutcome {
  /** The stream position before the batch. */
  readonly position: number
  readonly statements: number
  /** For each entry; 0 for those not committed. */
  readonly rowsChanged: readonly number[]
  readonly refused: readonly { readonly entry: number; readonly statement: number }[]
  readonly failed: readonly { readonly entry: number; readonly statement: number; readonly error: unknown }[]
  readonly returned: readonly { readonly entry: number; readonly statement: number; readonly rows: readonly Row[] }[]
}

/** Settles a committed batch's entries, in their order, and returns the stream position after it. */
export function settleBatch(pending: readonly PendingEntry[], outcome: BatchOutcome): number {
  const refused = new Map(outcome.refused.map(({ entry, statement }) => [entry, statement]))
  const failed = new Map(outcome.failed.map((failure) => [failure.entry, failure]))
  const returned = new Map<number, Map<number, readonly Row[]>>()
  for (const { entry, statement, rows } of outcome.returned) {
    const ofEntry = returned.get(entry) ?? new Map<number, readonly Row[]>()
    returned.set(entry, ofEntry.set(statement, rows))
  }
  let last = outcome.position
  pending.forEach(({ entry, resolve, reject }, index) => {
    const failure = failed.get(index)
    if (failure !== undefined) {
      reject(statementError(entry, failure.statement, failure.error))
      return
    }
    const guard = refused.get(index)
    if (guard !== undefined) {
      resolve({ committed: false, guard: entry.statements[guard]?.guard ?? '' })
      return
    }
    const positions = entry.positions ?? 0
    const ofEntry = returned.get(index)
    resolve({
      committed: true,
      position: positions === 0 ? last : last + 1,
      rows: entry.statements.map((_, statement) => ofEntry?.get(statement) ?? NO_ROWS),
      rowsChanged: outcome.rowsChanged[index] ?? 0,
    })
    last += positions
  })
  return last
}

const NO_ROWS: readonly Row[] = []

function statementError(entry: WriteEntry, statement: number, error: unknown): DatabaseError {
  const name = entry.statements[statement]?.query.name ?? 'a statement'
  const Kind = error instanceof ValueTooLongError ? ValueTooLongError : DatabaseError
  return new Kind(`${name}: ${errorMessage(error)}`, { cause: error })
}
