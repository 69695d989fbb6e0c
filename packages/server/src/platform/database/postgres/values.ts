import type { CustomTypesConfig } from 'pg'
import type { SqlValue } from '../database.ts'

// PostgreSQL's text holds every character but U+0000, which is an ordinary one in Matrix: an event type or a state key
// may hold it. It is stored as U+0001 U+0003, and U+0001 itself as U+0001 U+0002, so every string comes back as it
// was and two that are equal stay equal. JSON text holds neither character and is never touched.
const NUL = '\u0000'
const ESCAPE = '\u0001'
const ESCAPED_ESCAPE = '\u0001\u0002'
const ESCAPED_NUL = '\u0001\u0003'

/** A string as PostgreSQL can store it. */
export function toStoredText(text: string): string {
  if (!text.includes(NUL) && !text.includes(ESCAPE)) return text
  return text.replaceAll(ESCAPE, ESCAPED_ESCAPE).replaceAll(NUL, ESCAPED_NUL)
}

/** The string that was stored. */
export function fromStoredText(stored: string): string {
  if (!stored.includes(ESCAPE)) return stored
  return stored.replaceAll(ESCAPED_NUL, NUL).replaceAll(ESCAPED_ESCAPE, ESCAPE)
}

/** A parameter of a statement as the driver takes it. */
export function toParameter(value: SqlValue): SqlValue {
  return typeof value === 'string' ? toStoredText(value) : value
}

/** The text form of an array. */
export function arrayLiteral(elements: readonly unknown[]): string {
  return `{${elements.map(arrayElement).join(',')}}`
}

function arrayElement(element: unknown): string {
  if (element === null) return 'NULL'
  const text = String(element)
  return typeof element === 'number' ? text : `"${text.replace(/["\\]/g, '\\$&')}"`
}

/** The text form of bytes. */
export function bytesLiteral(bytes: Uint8Array): string {
  return `\\x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('hex')}`
}

/** The numbers by which PostgreSQL knows its types. */
export const typeOid = {
  boolean: 16,
  bytes: 17,
  bigint: 20,
  smallint: 21,
  integer: 23,
  real: 700,
  double: 701,
  numeric: 1700,
} as const

/** How columns are read, by type; all others are text. */
const READERS: Readonly<Record<number, (text: string) => SqlValue>> = {
  [typeOid.boolean]: (text) => (text === 't' ? 1 : 0),
  [typeOid.bytes]: (text) => new Uint8Array(Buffer.from(text.slice(2), 'hex')),
  [typeOid.bigint]: readInteger,
  [typeOid.smallint]: Number,
  [typeOid.integer]: Number,
  [typeOid.real]: Number,
  [typeOid.double]: Number,
  [typeOid.numeric]: (text) => (/[.N]/.test(text) ? Number(text) : readInteger(text)),
}

/** Reads a column's value from its text form. */
export function readColumn(oid: number, text: string): SqlValue {
  return (READERS[oid] ?? fromStoredText)(text)
}

/** How the driver reads columns. */
export const columnTypes: CustomTypesConfig = {
  getTypeParser: (oid: number) => (text: string) => readColumn(oid, text),
}

function readInteger(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new Error(`the integer ${text} is too large for a number`)
  return value
}
