import { DatabaseSync, type StatementSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import type { SqlValue } from '../database.ts'
import type { ReaderReply, ReaderThreadOptions, ScanRequest } from './messages.ts'

// A thread with a connection of its own for reads whose number of rows has no small bound.

const BUSY_TIMEOUT_MS = 10_000

type Formatter = (row: unknown) => unknown

/** The rows took longer than they were given. */
class TimedOut extends Error {}

class Reader {
  readonly #connection: DatabaseSync
  readonly #formatters: Readonly<Record<string, unknown>>
  readonly #statements = new Map<string, StatementSync>()

  constructor(connection: DatabaseSync, formatters: Readonly<Record<string, unknown>>) {
    this.#connection = connection
    this.#formatters = formatters
  }

  answer(request: ScanRequest): ReaderReply {
    try {
      return request.formatter === undefined
        ? this.#rows(request)
        : this.#json(request, this.#formatter(request.formatter))
    } catch (error) {
      return error instanceof TimedOut ? { kind: 'timed_out' } : { kind: 'failed', error }
    }
  }

  #rows(request: ScanRequest): ReaderReply {
    const statement = this.#prepare(request.sql, true)
    const columns = statement.columns().map(({ name }) => name)
    const rows: SqlValue[][] = []
    for (const row of inTime(statement, request)) rows.push(rowValues(row))
    return { kind: 'rows', columns, rows }
  }

  #json(request: ScanRequest, format: Formatter): ReaderReply {
    let json = '['
    let rows = 0
    for (const row of inTime(this.#prepare(request.sql, false), request)) {
      json += rows === 0 ? format(row) : `,${format(row)}`
      rows += 1
    }
    return { kind: 'json', json: `${json}]`, rowCount: rows }
  }

  #formatter(name: string): Formatter {
    const formatter = this.#formatters[name]
    if (typeof formatter !== 'function') throw new Error(`there is no formatter ${name}`)
    return (row) => formatter(row)
  }

  #prepare(sql: string, returnArrays: boolean): StatementSync {
    const key = `${returnArrays ? 'a' : 'o'}${sql}`
    const known = this.#statements.get(key)
    if (known !== undefined) return known
    const statement = this.#connection.prepare(sql, { returnArrays })
    this.#statements.set(key, statement)
    return statement
  }
}

function* inTime(statement: StatementSync, { values, timeLimitMs }: ScanRequest): Iterable<unknown> {
  const deadline = performance.now() + timeLimitMs
  for (const row of statement.iterate(...values)) {
    if (performance.now() > deadline) throw new TimedOut()
    yield row
  }
}

function rowValues(row: unknown): SqlValue[] {
  if (!Array.isArray(row)) throw new Error('rows were asked for as arrays')
  return row
}

async function open(options: ReaderThreadOptions): Promise<Reader> {
  const connection = new DatabaseSync(options.path, {
    readOnly: true,
    timeout: BUSY_TIMEOUT_MS,
    enableDoubleQuotedStringLiterals: false,
  })
  connection.exec(`PRAGMA cache_size = -${Math.ceil(options.pageCacheBytes / 1024)}`)
  return new Reader(connection, options.formattersUrl === undefined ? {} : await import(options.formattersUrl))
}

const port = parentPort
if (port === null) throw new Error('a reader runs as a worker thread')
const send = (reply: ReaderReply): void => port.postMessage(reply)
try {
  const reader = await open(workerData)
  port.on('message', (request: ScanRequest) => send(reader.answer(request)))
  send({ kind: 'open' })
} catch (error) {
  send({ kind: 'open_failed', error })
}
