import {
  DatabaseBusyError,
  DatabaseError,
  DatabaseUnavailableError,
  errorMessage,
  ReadTimeoutError,
} from '../errors.ts'

/** The five letters by which PostgreSQL names an error; undefined when the error is not the server's. */
export function sqlState(error: unknown): string | undefined {
  if (typeof error !== 'object' || error === null || !('code' in error) || !('severity' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}

/** What an error means for whoever met it. */
export type ErrorMeaning =
  /** The connection is gone, or none was made: what was under way may have happened or not. */
  | 'connection'
  /** The server has undone everything and may well do it the next time. */
  | 'transient'
  /** A statement, or a lock it needed, took longer than it was given; it has been undone. */
  | 'timeout'
  /** The statement itself is at fault; its transaction has been undone. */
  | 'statement'
  /** The server cannot: a full disk, a damaged table. What was under way has been undone. */
  | 'server'

const STATEMENT_CLASSES: ReadonlySet<string> = new Set(['0A', '21', '22', '23', '2F', '42', '44', '54', 'P0'])

/** The session was ended, or could not be begun: shut down, crashed, starting up, idle for too long, too many of them. */
const CONNECTION_STATES: ReadonlySet<string> = new Set([
  '57P01',
  '57P02',
  '57P03',
  '57P04',
  '57P05',
  '25P03',
  '25P04',
  '53300',
])

/** What an error means. */
export function meaningOf(error: unknown): ErrorMeaning {
  const state = sqlState(error)
  // Errors without a state come from the socket or the driver, which gives up the connection then.
  if (state === undefined) return 'connection'
  const kind = state.slice(0, 2)
  if (kind === '08' || kind === '28' || kind === '3D' || CONNECTION_STATES.has(state)) return 'connection'
  // Serialisation failures and deadlocks, memory that ran out.
  if (kind === '40' || state === '53200') return 'transient'
  if (state === '57014' || state === '55P03') return 'timeout'
  return STATEMENT_CLASSES.has(kind) ? 'statement' : 'server'
}

/** An error of a read as the port's callers know it. */
export function readError(name: string, error: unknown): DatabaseError {
  if (error instanceof DatabaseError) return error
  const message = `${name}: ${errorMessage(error)}`
  switch (meaningOf(error)) {
    case 'connection':
      // What the driver throws while it reads a row has no state either, but is no matter of connections.
      return isRowError(error)
        ? new DatabaseError(message, { cause: error })
        : new DatabaseUnavailableError(message, { cause: error })
    case 'transient':
      return new DatabaseBusyError(message, { cause: error })
    case 'timeout':
      return new ReadTimeoutError(message, { cause: error })
    default:
      return new DatabaseError(message, { cause: error })
  }
}

/** Whether an error arose from a value that was read. */
export function isRowError(error: unknown): boolean {
  return error instanceof Error && error.message.endsWith('is too large for a number')
}
