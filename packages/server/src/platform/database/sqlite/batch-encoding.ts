import type { AnyQuery, PositionMarker, Row, SqlValue, WriteEntry, WriteResult } from '../database.ts'
import { DatabaseError } from '../errors.ts'
import type { Batch, BatchOutcome, NewStatement, WireValue } from './messages.ts'

/** An entry on its way: settled once the fate of its batch is known. */
export interface PendingEntry {
  readonly entry: WriteEntry
  readonly bytes: number
  readonly resolve: (result: WriteResult) => void
  readonly reject: (error: DatabaseError) => void
}

/** Packs entries for the writer. `known` holds the IDs of statements the writer has seen; it is brought up to date. */
export function encodeBatch(pending: readonly PendingEntry[], known: Set<number>): Batch {
  const newStatements: NewStatement[] = []
  const program: number[] = []
  const values: WireValue[] = []
  for (const { entry } of pending) {
    program.push(entry.statements.length, entry.positions ?? 0)
    for (const { query, guard, values: bound } of entry.statements) {
      if (!known.has(query.id)) {
        known.add(query.id)
        newStatements.push(newStatement(query))
      }
      program.push(query.id, guard === undefined ? 0 : 1)
      for (const value of bound) values.push(toWire(value))
    }
  }
  return { newStatements, entries: pending.length, program, values }
}

function newStatement({ id, sql, slots, kind, returnsRows }: AnyQuery): NewStatement {
  return { id, sql, slots: slots.length, kind, returnsRows }
}

function toWire(value: SqlValue | PositionMarker): WireValue {
  if (value === null || typeof value !== 'object') return value
  if (!(value instanceof Uint8Array)) return BigInt(value.positionIndex)
  // Cloning a view clones the whole buffer under it: for a small Buffer that would be Node's pool of 8 KiB.
  return value.byteLength === value.buffer.byteLength ? value : new Uint8Array(value)
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
  return new DatabaseError(`${name}: ${errorMessage(error)}`, { cause: error })
}

/** What an engine's error says. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Roughly how much memory an entry's values take. */
export function entryBytes(entry: WriteEntry): number {
  let bytes = 0
  for (const { values } of entry.statements) {
    for (const value of values) {
      if (typeof value === 'string') bytes += value.length
      else if (value instanceof Uint8Array) bytes += value.byteLength
      bytes += 16
    }
  }
  return bytes
}
