import type { BatchOutcome } from '../batch-outcome.ts'
import type { BoundWrite, SqlValue } from '../database.ts'
import { ValueTooLongError } from '../errors.ts'
import type { PendingEntry } from '../pending-entry.ts'
import type { StatementShape } from './statement-shape.ts'

/** Bits of a statement in a batch's program. */
const GUARD = 1
const RETURNS_ROWS = 2
const READS = 4

/** PostgreSQL's numbers of the types that arrays hold here. */
const TEXT = 25
const INTEGER = 23

/** How PostgreSQL names a value that no index of its can hold: about 2,700 bytes, compressed. */
const TOO_LONG_FOR_INDEX = '54000'

/** Finds how a statement is executed. */
export type FindShape = (statement: BoundWrite) => StatementShape

/**
 * A batch as parameters of `write_batch_1`, from `p_statements` on: the distinct statements; the program, which holds
 * for each entry how many statements and positions it has, then for each statement its number (from 1), its bits and
 * the place of its values; and those values.
 */
export function encodeBatch(pending: readonly PendingEntry[], shapeOf: FindShape): SqlValue[] {
  const statements = new Map<string, number>()
  const program: number[] = []
  const integers: (string | null)[] = []
  const texts: (string | null)[] = []
  const bytes: (string | null)[] = []
  for (const { entry } of pending) {
    program.push(entry.statements.length, entry.positions ?? 0)
    for (const statement of entry.statements) {
      const { query, guard, values } = statement
      const shape = shapeOf(statement)
      const text = shape.textFor(values)
      const number = statements.get(text) ?? statements.size + 1
      statements.set(text, number)
      const encoded = shape.encode(values)
      integers.push(encoded.integers)
      texts.push(encoded.texts)
      bytes.push(encoded.bytes)
      const isGuard = guard === undefined ? 0 : GUARD
      program.push(
        number,
        isGuard | (query.returnsRows ? RETURNS_ROWS : 0) | (query.kind === 'read' ? READS : 0),
        integers.length,
      )
    }
  }
  return [
    textArray([...statements.keys()]),
    integerArray(program),
    textArray(integers),
    textArray(texts),
    textArray(bytes),
  ]
}

/** Reads what `write_batch_1` answers. */
export function decodeOutcome(text: string, pending: readonly PendingEntry[], shapeOf: FindShape): BatchOutcome {
  const outcome: Outcome = JSON.parse(text)
  return {
    position: outcome.position,
    statements: outcome.statements,
    rowsChanged: outcome.rowsChanged,
    refused: outcome.refused.map(([entry, statement]) => ({ entry, statement })),
    failed: outcome.failed.map(([entry, statement, state, message]) => ({
      entry,
      statement,
      error: state === TOO_LONG_FOR_INDEX ? new ValueTooLongError(message) : new Error(message),
    })),
    returned: outcome.returned.flatMap(([entry, statement, rows]) => {
      const bound = pending[entry]?.entry.statements[statement]
      return bound === undefined ? [] : [{ entry, statement, rows: shapeOf(bound).rows(rows) }]
    }),
  }
}

/** What `write_batch_1` answers. */
interface Outcome {
  readonly position: number
  readonly statements: number
  readonly rowsChanged: readonly number[]
  readonly refused: readonly (readonly [entry: number, statement: number])[]
  readonly failed: readonly (readonly [entry: number, statement: number, state: string, message: string])[]
  readonly returned: readonly (readonly [entry: number, statement: number, rows: Readonly<Record<string, unknown>>[]])[]
}

/** An array in binary form, whose elements need no quotes. */
function textArray(elements: readonly (string | null)[]): Uint8Array {
  return binaryArray(
    TEXT,
    elements.map((element) => (element === null ? null : Buffer.from(element))),
  )
}

function integerArray(elements: readonly number[]): Uint8Array {
  return binaryArray(
    INTEGER,
    elements.map((element) => {
      const bytes = Buffer.allocUnsafe(4)
      bytes.writeInt32BE(element)
      return bytes
    }),
  )
}

/** One dimension, from 1: see `array_recv` of the server. */
function binaryArray(type: number, elements: readonly (Buffer | null)[]): Uint8Array {
  const header = Buffer.alloc(elements.length === 0 ? 12 : 20)
  header.writeInt32BE(elements.length === 0 ? 0 : 1, 0)
  header.writeInt32BE(elements.includes(null) ? 1 : 0, 4)
  header.writeInt32BE(type, 8)
  if (elements.length === 0) return header
  header.writeInt32BE(elements.length, 12)
  header.writeInt32BE(1, 16)
  const parts: Buffer[] = [header]
  for (const element of elements) {
    const length = Buffer.allocUnsafe(4)
    length.writeInt32BE(element === null ? -1 : element.length)
    parts.push(length)
    if (element !== null) parts.push(element)
  }
  return Buffer.concat(parts)
}
