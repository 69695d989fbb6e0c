import pino, { type DestinationStream, type Logger as PinoLogger } from 'pino'
import { plainTextLines } from './plain-text.ts'

/** Writes log lines: a constant lower-case message, plus fields named as in the code. Never content, tokens or keys. */
export type Logger = PinoLogger

/** Least important level that is written. */
export type LogLevel = 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent'

/** How a logger writes. */
export interface LoggerOptions {
  readonly level?: LogLevel
  /** Where lines go; standard output by default. */
  readonly destination?: DestinationStream
  /** Lines for people instead of JSON; by default where standard output is a terminal. */
  readonly plainText?: boolean
}

/**
 * Makes the process's logger. Parts get children of it (`logger.child({ component: 'sync' })`), requests one that
 * carries `requestId`.
 */
export function createLogger(options: LoggerOptions = {}): Logger {
  const plainText = options.plainText ?? (options.destination === undefined && process.stdout.isTTY === true)
  // Synchronous: the last lines before a crash are the ones that matter, and few lines are written below debug.
  const destination = options.destination ?? pino.destination({ dest: 1, sync: true })
  return pino(
    {
      level: options.level ?? 'info',
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // A deeper cause chain than one is kept by pino's own serializer for errors.
      serializers: { err: pino.stdSerializers.errWithCause },
    },
    plainText ? plainTextLines(destination) : destination,
  )
}

/** A logger that writes nothing. */
export function silentLogger(): Logger {
  return pino({ level: 'silent' })
}
