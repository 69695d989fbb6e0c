/** Something the database could not do. The cause, where there is one, is the engine's own error. */
export class DatabaseError extends Error {
  override readonly name: string = 'DatabaseError'
}

/** The database has more waiting than it accepts; the caller may try again in a moment. Nothing has been done. */
export class DatabaseBusyError extends DatabaseError {
  override readonly name = 'DatabaseBusyError'
}

/** The database is closed, or its writer is lost. It is not known whether a write under way has become durable. */
export class DatabaseUnavailableError extends DatabaseError {
  override readonly name = 'DatabaseUnavailableError'
}

/** A value is longer than the engine can index. Nothing has been done, and trying again is of no use. */
export class ValueTooLongError extends DatabaseError {
  override readonly name = 'ValueTooLongError'
}

/** A read took longer than it was given. */
export class ReadTimeoutError extends DatabaseError {
  override readonly name = 'ReadTimeoutError'
}

/** The schema cannot be brought to the version this code needs; the message says what an administrator must do. */
export class MigrationError extends DatabaseError {
  override readonly name = 'MigrationError'
}

/** What an engine's error says. */
export function errorMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
