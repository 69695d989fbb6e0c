import type { WriteEntry, WriteResult } from './database.ts'
import type { DatabaseError } from './errors.ts'

/** An entry on its way: settled once the fate of its batch is known. */
export interface PendingEntry {
  readonly entry: WriteEntry
  readonly bytes: number
  readonly resolve: (result: WriteResult) => void
  readonly reject: (error: DatabaseError) => void
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
