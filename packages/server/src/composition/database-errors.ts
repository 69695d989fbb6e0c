import { MatrixError } from '@magik/protocol'
import { DatabaseBusyError, DatabaseUnavailableError, ValueTooLongError } from '../platform/database/errors.ts'

/** Recognises the database's errors that mean "too much to do, try again". */
export function isOverload(error: unknown): boolean {
  return error instanceof DatabaseBusyError || error instanceof DatabaseUnavailableError
}

/** Recognises the database's errors that are the caller's fault. */
export function asRefusal(error: unknown): MatrixError | undefined {
  if (!(error instanceof ValueTooLongError)) return undefined
  return new MatrixError('M_TOO_LARGE', 'A name or an ID in the request is too long', { cause: error })
}
