import type { AnyQuery, PositionMarker, Row, SqlValue } from '../database.ts'
import { DatabaseError } from '../errors.ts'
import type { StatementTypes } from './describe-statement.ts'
import { arrayLiteral, bytesLiteral, fromStoredText, toStoredText, typeOid } from './values.ts'

/** How a value that is passed as text becomes one of another type. Text itself needs no cast. */
const CASTS: Readonly<Record<number, string>> = {
  16: '::boolean',
  19: '::name',
  21: '::smallint',
  23: '::integer',
  25: '',
  114: '::json',
  700: '::real',
  701: '::double precision',
  1007: '::integer[]',
  1009: '::text[]',
  1016: '::bigint[]',
  1043: '',
  1700: '::numeric',
  3802: '::jsonb',
}

type Slot = 'integer' | 'text' | 'bytes'

/** The parameters of one execution: the text form of an array for each of the three kinds; null where there are none. */
export interface ExecutionValues {
  readonly integers: string | null
  readonly texts: string | null
  readonly bytes: string | null
}

/**
 * A statement as the function that writes executes it: `$1`, `$2` and `$3` are its integers, texts and bytes, `$4` is
 * the first stream position of its entry.
 */
export class StatementShape {
  readonly #query: AnyQuery
  readonly #slots: readonly Slot[]
  readonly #places: readonly string[]
  readonly #columns: ReadonlyMap<string, number>
  readonly #texts = new Map<string, string>()

  /** @throws DatabaseError if a parameter is of a type that no column of ours has. */
  constructor(query: AnyQuery, types: StatementTypes) {
    this.#query = query
    this.#columns = types.columns
    this.#slots = types.parameters.map(slotOf)
    const counts = { integer: 0, text: 0, bytes: 0 }
    this.#places = types.parameters.map((oid, index) => {
      const slot = this.#slots[index] ?? 'text'
      counts[slot] += 1
      const place = `$${slot === 'integer' ? 1 : slot === 'text' ? 2 : 3}[${counts[slot]}]`
      if (slot !== 'text') return place
      const cast = CASTS[oid]
      if (cast === undefined) throw new DatabaseError(`${query.name}: parameter ${index + 1} is of type ${oid}`)
      return cast === '' ? place : `(${place})${cast}`
    })
  }

  /** The statement's text for these values: where a position is to stand it is added to the entry's first. */
  textFor(values: readonly (SqlValue | PositionMarker)[]): string {
    const markers = values.map((value) => (isMarker(value) ? 'p' : '.')).join('')
    let text = this.#texts.get(markers)
    if (text === undefined) {
      text = this.#build(markers)
      this.#texts.set(markers, text)
    }
    return text
  }

  /** The parameters of one execution. */
  encode(values: readonly (SqlValue | PositionMarker)[]): ExecutionValues {
    const lists: Record<Slot, (string | number | null)[]> = { integer: [], text: [], bytes: [] }
    values.forEach((value, index) => {
      const slot = this.#slots[index] ?? 'text'
      if (value === null) lists[slot].push(null)
      else if (isMarker(value)) lists[slot].push(value.positionIndex)
      else if (value instanceof Uint8Array) lists[slot].push(bytesLiteral(value))
      else if (slot === 'integer' && typeof value === 'number') lists.integer.push(value)
      else lists[slot].push(toStoredText(String(value)))
    })
    return {
      integers: lists.integer.length === 0 ? null : arrayLiteral(lists.integer),
      texts: lists.text.length === 0 ? null : arrayLiteral(lists.text),
      bytes: lists.bytes.length === 0 ? null : arrayLiteral(lists.bytes),
    }
  }

  /** Turns rows that came back as JSON into rows. */
  rows(json: readonly Readonly<Record<string, unknown>>[]): Row[] {
    return json.map((row) =>
      Object.fromEntries(Object.entries(row).map(([column, value]) => [column, this.#value(column, value)])),
    )
  }

  #value(column: string, value: unknown): SqlValue {
    switch (typeof value) {
      case 'boolean':
        return value ? 1 : 0
      case 'number':
        if (Number.isInteger(value) && !Number.isSafeInteger(value)) {
          throw new DatabaseError(`${this.#query.name}: column ${column} holds an integer too large for a number`)
        }
        return value
      case 'string':
        if (this.#columns.get(column) !== typeOid.bytes) return fromStoredText(value)
        return new Uint8Array(Buffer.from(value.slice(2), 'hex'))
      default:
        if (value === null) return null
        throw new DatabaseError(`${this.#query.name}: column ${column} holds a ${typeof value}`)
    }
  }

  #build(markers: string): string {
    const { sql, returnsRows } = this.#query
    const text = sql.replace(/\$(\d+)/g, (_, digits: string) => {
      const index = Number(digits) - 1
      const place = this.#places[index] ?? 'null'
      return markers[index] === 'p' ? `($4 + ${place})` : place
    })
    return returnsRows ? `with r as (${text}) select count(*), coalesce(json_agg(r), '[]')::text from r` : text
  }
}

function slotOf(oid: number): Slot {
  if (oid === typeOid.bigint) return 'integer'
  return oid === typeOid.bytes ? 'bytes' : 'text'
}

function isMarker(value: SqlValue | PositionMarker): value is PositionMarker {
  return typeof value === 'object' && value !== null && 'positionIndex' in value
}
