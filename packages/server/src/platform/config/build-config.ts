import { join } from 'node:path'
import Value from 'typebox/value'
import { type Config, checkTogether, configSchema } from './config.ts'
import { prepareDatabase } from './database.ts'
import { optionSchema } from './declare.ts'
import { prepareListeners } from './listeners.ts'
import { optionNames } from './option-names.ts'
import { ConfigError, type ConfigProblem } from './problem.ts'
import { type ReadContext, readOption } from './read-option.ts'
import { GUARDING_OPTIONS } from './synapse-options.ts'
import { checkNames } from './unknown-options.ts'

/** What surrounds the options: it decides about paths. */
export interface BuildContext {
  /** Relative paths count from here. */
  readonly cwd: string
  /** Folder of the (last) configuration file: the signing key is kept there by default. */
  readonly configDirectory: string
}

/** A usable configuration, and what its author should know about it. */
export interface BuiltConfig {
  readonly config: Config
  readonly warnings: readonly string[]
}

/**
 * Turns options as they stand in the file into the configuration: names, types, units, defaults and what options demand
 * of each other.
 * @throws ConfigError listing every problem at once.
 */
export function buildConfig(raw: Record<string, unknown>, { cwd, configDirectory }: BuildContext): BuiltConfig {
  const schema = optionSchema(configSchema)
  const names = checkNames(raw, optionNames(schema))
  const warnings: string[] = []
  const context: ReadContext = { cwd, problems: [], pending: [] }
  const config = readOption(schema, prepare(raw, configDirectory, warnings), '', context)
  const problems: ConfigProblem[] = [...names.problems, ...context.problems]
  if (problems.length > 0) throw new ConfigError(problems)
  // The reader and the declaration must agree; this also gives the value its type.
  if (!Value.Check(configSchema, config))
    throw new Error('an option was read into another type than it is declared with')
  const disagreements = checkTogether(config)
  if (disagreements.length > 0) throw new ConfigError(disagreements)
  if (config.report_stats) warnings.push('report_stats: Magik never sends usage statistics')
  return { config: freeze(config), warnings: [...ignoredWarnings(names.ignored, context.pending), ...warnings] }
}

/**
 * Options for a test or a program that has no file: everything but `server_name` has its default.
 * @param options in the file's spelling, so durations may be `'5m'`.
 * @throws ConfigError as for a file.
 */
export function configFromObject(
  options: { readonly server_name: string } & Record<string, unknown>,
  context: Partial<BuildContext> = {},
): Config {
  const cwd = context.cwd ?? process.cwd()
  return buildConfig({ report_stats: false, ...options }, { cwd, configDirectory: context.configDirectory ?? cwd })
    .config
}

/** Defaults that hang on other options, and older spellings. */
function prepare(raw: Record<string, unknown>, configDirectory: string, warnings: string[]): Record<string, unknown> {
  const prepared = { ...raw }
  const { server_name: serverName } = raw
  if (typeof serverName === 'string') {
    prepared['signing_key_path'] ??= join(configDirectory, `${serverName}.signing.key`)
  }
  if (raw['database'] !== undefined) prepared['database'] = prepareDatabase(raw['database'])
  if (raw['listeners'] !== undefined) prepared['listeners'] = prepareListeners(raw['listeners'], warnings)
  return prepared
}

function ignoredWarnings(ignored: ReadonlySet<string>, pending: readonly string[]): string[] {
  const guarding = [...ignored].filter((name) => GUARDING_OPTIONS.has(name))
  const others = [...ignored].filter((name) => !GUARDING_OPTIONS.has(name)).concat(pending)
  return [
    ...(guarding.length > 0
      ? [`options that restrict who may do what, and that this release does NOT act on: ${guarding.join(', ')}`]
      : []),
    ...(others.length > 0 ? [`options that this release does not act on yet: ${others.join(', ')}`] : []),
  ]
}

function freeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null) {
    Object.values(value).forEach(freeze)
    Object.freeze(value)
  }
  return value
}
