import type { LOG_LEVELS } from './log.ts'
import { isMap } from './read-option.ts'

type LogLevel = (typeof LOG_LEVELS)[number]

/** Python's level names, as its logging configuration spells them. */
const PYTHON_LEVELS: Readonly<Record<string, LogLevel>> = {
  CRITICAL: 'fatal',
  FATAL: 'fatal',
  ERROR: 'error',
  WARNING: 'warn',
  WARN: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
  NOTSET: 'trace',
}

/** Keys of a logging configuration that leaving out changes nothing. */
const HARMLESS = new Set(['version', 'root', 'disable_existing_loggers'])

/**
 * Takes from one of Synapse's logging configurations what Magik can use.
 * @returns the root logger's level, if one is set, and the names of the parts that were left out.
 */
export function readLogConfig(options: Record<string, unknown>): {
  readonly level: LogLevel | undefined
  readonly ignored: readonly string[]
} {
  const root = isMap(options['root']) ? options['root'] : {}
  const level = typeof root['level'] === 'string' ? PYTHON_LEVELS[root['level'].toUpperCase()] : undefined
  return { level, ignored: Object.keys(options).filter((key) => !HARMLESS.has(key) && !key.startsWith('x-')) }
}
