import Type from 'typebox'
import { filePath, nullable, oneOf } from './declare.ts'

/** Levels a log line can have, most important first. */
export const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const

/** What is logged. */
export const logOptions = {
  log: Type.Object(
    {
      level: oneOf(LOG_LEVELS, {
        default: 'info',
        magikOnly: true,
        description: 'Least important level that is logged. Logs go to standard output, one JSON object a line.',
      }),
    },
    { default: {}, magikOnly: true, description: 'Logging.' },
  ),
  log_config: nullable(filePath({ description: '' }), {
    sample: '/etc/magik/example.com.log.config',
    description:
      'A logging configuration of Synapse. The level of its `root` logger holds where `log.level` is not set; the rest ' +
      'concerns Python and is left out, with a warning.',
  }),
}
