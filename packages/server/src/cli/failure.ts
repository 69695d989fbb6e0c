import { ConfigError } from '../platform/config/index.ts'

/** The command did not do what it was asked to. The message is for the person at the terminal. Exit code 1. */
export class CommandFailure extends Error {
  override readonly name = 'CommandFailure'
}

/** The command was asked something it cannot make sense of. Exit code 2. */
export class UsageError extends Error {
  override readonly name: string = 'UsageError'
}

/** What the exit codes of every command mean; part of the help. */
export const EXIT_CODES = `
Exit codes:
  0  done
  1  failed; the message on standard error says why
  2  wrong usage: an unknown command or option, or one that is missing`

/** What to tell a person about any error: its message and those of its causes, without the stack. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Messages written for a person have taken up what their causes say.
  const isComplete = error instanceof CommandFailure || error instanceof UsageError || error instanceof ConfigError
  const own = error.message || ('code' in error ? String(error.code) : error.name)
  return isComplete || error.cause === undefined ? own : `${own}: ${errorText(error.cause)}`
}
