import { type CompiledQuery, type Dialect, type Expression, Kysely, type SqlBool } from 'kysely'
import type { BuildQuery } from './build-query.ts'
import type {
  AnyQuery,
  BoundWrite,
  PositionMarker,
  Query,
  QueryOptions,
  QuerySlot,
  SqlValue,
  WriteParameters,
  WriteResult,
} from './database.ts'

/** What differs between engines when a query is compiled. */
export interface QueryDialect {
  /** Only its compiler is used: nothing connects through it. */
  readonly kysely: Dialect
  /** The condition that a column's value is in a list parameter. */
  inList(column: string, list: unknown): Expression<SqlBool>
  /** A list as the one value that `inList` compares with. */
  encodeList(list: readonly unknown[]): SqlValue
}

/** Stands for a named parameter's value while a query is built. */
class Placeholder {
  readonly parameter: string
  readonly dialect: QueryDialect

  constructor(parameter: string, dialect: QueryDialect) {
    this.parameter = parameter
    this.dialect = dialect
  }
}

/** Compiles a database's queries and keeps the list of them. */
export class QueryCompiler<S> {
  readonly #dialect: QueryDialect
  readonly #kysely: Kysely<S>
  readonly #compilers: Kysely<unknown>
  readonly #queries: AnyQuery[] = []

  constructor(dialect: QueryDialect) {
    this.#dialect = dialect
    this.#kysely = new Kysely<S>({ dialect: dialect.kysely })
    this.#compilers = new Kysely<unknown>({ dialect: dialect.kysely })
  }

  /** Every query compiled so far; a query's ID is its index. */
  get queries(): readonly AnyQuery[] {
    return this.#queries
  }

  /** Compiles a query. */
  compile<P, R>(build: BuildQuery<S, P, R>, options: QueryOptions = {}): Query<P, R> {
    const compiled = build(this.#kysely, placeholders<P>(this.#dialect)).compile(this.#compilers)
    const { kind, returnsRows } = classify(compiled)
    const query: Query<P, R> = {
      id: this.#queries.length,
      name: options.name ?? compiled.sql,
      sql: compiled.sql,
      slots: compiled.parameters.map(toSlot),
      kind,
      returnsRows,
      isScan: options.scan ?? false,
      encodeList: this.#dialect.encodeList,
    }
    this.#queries.push(query)
    return query
  }

  /** @throws Error if the query was compiled for another database: its ID means something else here. */
  check(query: AnyQuery): void {
    if (this.#queries[query.id] !== query) throw new Error(`query of another database: ${query.name}`)
  }
}

function placeholders<P>(dialect: QueryDialect): P {
  const proxy: unknown = new Proxy(
    {},
    { get: (_, name) => (typeof name === 'string' ? new Placeholder(name, dialect) : undefined) },
  )
  // The one place where types and values part: builders see a parameter's value type, so that Kysely checks it against
  // the columns, while a placeholder stands there. Kysely passes values through untouched into the parameter list.
  return proxy as P
}

function toSlot(value: unknown): QuerySlot {
  if (value instanceof Placeholder) return { kind: 'named', name: value.parameter }
  if (isSqlValue(value)) return { kind: 'constant', value }
  throw new Error(`a query holds a constant that no column can: ${typeof value}`)
}

function classify(compiled: CompiledQuery<unknown>): { kind: 'read' | 'write'; returnsRows: boolean } {
  const node = compiled.query
  switch (node.kind) {
    case 'SelectQueryNode':
      return { kind: 'read', returnsRows: true }
    case 'InsertQueryNode':
    case 'UpdateQueryNode':
    case 'DeleteQueryNode':
      return { kind: 'write', returnsRows: node.returning !== undefined }
    default: {
      // A statement written by hand. One that begins with WITH could be either; Kysely's builders cover those.
      const isRead = /^\s*(select|values|with|explain)\b/i.test(compiled.sql)
      return { kind: isRead ? 'read' : 'write', returnsRows: isRead || /\breturning\b/i.test(compiled.sql) }
    }
  }
}

function isSqlValue(value: unknown): value is SqlValue {
  return value === null || typeof value === 'string' || typeof value === 'number' || value instanceof Uint8Array
}

/** The condition that a column's value is in a list parameter. Any length of list takes the same statement. */
export function inList(column: string, list: readonly string[] | readonly number[]): Expression<SqlBool> {
  if (!(list instanceof Placeholder)) throw new Error('inList takes a list parameter of the query being built')
  return list.dialect.inList(column, list)
}

/** Stands for the `index`-th (from 0) of the stream positions that a write's entry takes. */
export function position(index: number): PositionMarker {
  return { positionIndex: index }
}

/** Completes a statement of a write with its parameters. */
export function bind<P, R>(
  query: Query<P, R>,
  parameters: WriteParameters<NoInfer<P>>,
  options: { readonly guard?: string } = {},
): BoundWrite {
  const named: Readonly<Record<string, unknown>> = { ...parameters }
  const values = query.slots.map((slot) => {
    if (slot.kind === 'constant') return slot.value
    const value = named[slot.name]
    return isPositionMarker(value) ? value : toSqlValue(value, slot.name, query)
  })
  return { query, values, guard: options.guard }
}

/** A query's parameters as its placeholders take them, in order. */
export function readValues<P, R>(query: Query<P, R>, parameters: Readonly<P>): SqlValue[] {
  const named: Readonly<Record<string, unknown>> = { ...parameters }
  return query.slots.map((slot) =>
    slot.kind === 'constant' ? slot.value : toSqlValue(named[slot.name], slot.name, query),
  )
}

function toSqlValue(value: unknown, name: string, query: AnyQuery): SqlValue {
  // What is read must be what was written, and no engine gives back more than this exactly.
  if (typeof value === 'number' && !Number.isSafeInteger(value)) {
    throw new Error(`parameter ${name} of query ${query.name} is no safe integer`)
  }
  if (isSqlValue(value)) return value
  if (Array.isArray(value)) return query.encodeList(value)
  throw new Error(`parameter ${name} of query ${query.name} is ${value === undefined ? 'missing' : typeof value}`)
}

function isPositionMarker(value: unknown): value is PositionMarker {
  return typeof value === 'object' && value !== null && 'positionIndex' in value
}

/** Gives rows the type that their query promises. */
export function typedRows<R>(_query: Query<never, R>, rows: readonly unknown[]): R[] {
  // The engine returned these rows for the statement that Kysely derived R from; checking each row would cost more
  // than reading it.
  return rows as R[]
}

/** The rows that a statement of a committed entry returned, typed by its query. */
export function returnedRows<R>(
  result: WriteResult & { readonly committed: true },
  index: number,
  query: Query<never, R>,
): R[] {
  return typedRows(query, result.rows[index] ?? [])
}
