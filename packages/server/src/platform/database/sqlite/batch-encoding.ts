import type { AnyQuery, PositionMarker, SqlValue } from '../database.ts'
import type { PendingEntry } from '../pending-entry.ts'
import type { Batch, NewStatement, WireValue } from './messages.ts'

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
