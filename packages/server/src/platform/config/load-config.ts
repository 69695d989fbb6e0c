import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { type BuiltConfig, buildConfig } from './build-config.ts'
import { configSchema } from './config.ts'
import { optionSchema } from './declare.ts'
import { readLogConfig } from './log-config.ts'
import { ConfigError, type ConfigProblem } from './problem.ts'
import { isMap } from './read-option.ts'
import { parseYamlFile, type YamlFile } from './yaml-file.ts'

/** What loading asks of the file system. Tests hand in their own. */
export interface ConfigFiles {
  /** @throws if there is no such file, or it may not be read. */
  readFile(path: string): Uint8Array
  /** Names in a folder, or undefined if the path is no folder. */
  listFolder(path: string): readonly string[] | undefined
}

/** Where a configuration comes from. */
export interface ConfigSources {
  /** Files, or folders of which every `*.yaml` is read in the order of their names. A later file's top-level keys win. */
  readonly paths: readonly string[]
  /** `SYNAPSE_CACHE_FACTOR` is read from it. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Relative paths, also those in the files, count from here. */
  readonly cwd?: string
  readonly files?: ConfigFiles
  /** Makes a missing file of `registration_shared_secret_path` and returns its secret. Without it that is an error. */
  readonly createSecretFile?: (path: string) => string
}

/**
 * Reads, merges and checks the configuration.
 * @throws ConfigError listing every problem, each with its dotted path and, where known, file and line.
 */
export function loadConfig(sources: ConfigSources): BuiltConfig {
  const { files = diskFiles, env = {}, cwd = process.cwd() } = sources
  const paths = sources.paths.flatMap((path) => expand(resolve(cwd, path), files))
  const last = paths.at(-1)
  if (last === undefined) throw new ConfigError([{ path: '', message: 'expected at least one configuration file' }])
  const warnings: string[] = []
  const merged: Record<string, unknown> = {}
  const origins = new Map<string, YamlFile>()
  for (const path of paths) {
    const file = parseYamlFile(read(path, '', files), path)
    if (file.options === undefined) warnings.push(`${path}: left out, as it holds no options`)
    for (const [name, value] of Object.entries(file.options ?? {})) {
      merged[name] = value
      origins.set(name, file)
    }
  }
  applyEnvironment(merged, env)
  try {
    readSecretFiles(merged, cwd, files, sources.createSecretFile)
    applyLogConfig(merged, cwd, files, warnings)
    const built = buildConfig(merged, { cwd, configDirectory: dirname(last) })
    return { config: built.config, warnings: [...warnings, ...built.warnings] }
  } catch (error) {
    throw error instanceof ConfigError ? located(error, origins) : error
  }
}

/** The real file system. */
const diskFiles: ConfigFiles = {
  readFile: (path) => readFileSync(path),
  listFolder: (path) => (statSync(path, { throwIfNoEntry: false })?.isDirectory() ? readdirSync(path) : undefined),
}

function expand(path: string, files: ConfigFiles): string[] {
  const names = files.listFolder(path)
  if (names === undefined) return [path]
  return names
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .map((name) => join(path, name))
}

function read(path: string, option: string, files: ConfigFiles): Uint8Array {
  try {
    return files.readFile(path)
  } catch (cause) {
    throw new ConfigError([{ path: option, message: `cannot read ${path}: ${reason(cause)}` }], { cause })
  }
}

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const words: Readonly<Record<string, string>> = {
    ENOENT: 'no such file',
    EACCES: 'permission denied',
    EISDIR: 'it is a folder',
  }
  return ('code' in error ? words[String(error.code)] : undefined) ?? error.message
}

/** Gives each problem the line of its option. */
function located({ problems, cause }: ConfigError, origins: ReadonlyMap<string, YamlFile>): ConfigError {
  const placed = problems.map((problem): ConfigProblem => {
    const origin = origins.get(problem.path.split(/[.[]/u)[0] ?? '')
    return problem.where === undefined && origin ? { ...problem, where: origin.locate(problem.path) } : problem
  })
  return new ConfigError(placed, { cause })
}

/** `SYNAPSE_CACHE_FACTOR` wins over the file, as in Synapse. */
function applyEnvironment(options: Record<string, unknown>, env: Readonly<Record<string, string | undefined>>): void {
  const { SYNAPSE_CACHE_FACTOR: factor } = env
  if (factor === undefined || factor === '') return
  if (!Number.isFinite(Number(factor))) {
    throw new ConfigError([{ path: 'SYNAPSE_CACHE_FACTOR', message: 'expected a number in this environment variable' }])
  }
  options['caches'] = { ...(isMap(options['caches']) ? options['caches'] : {}), global_factor: Number(factor) }
}

/** Puts the content of each `*_path` twin in its option's place. */
function readSecretFiles(
  options: Record<string, unknown>,
  cwd: string,
  files: ConfigFiles,
  createSecretFile: ConfigSources['createSecretFile'],
): void {
  const schema = optionSchema(configSchema)
  for (const [name, { secretFor }] of Object.entries(schema.properties ?? {})) {
    const path = options[name]
    // Whatever is no path is the reader's to refuse.
    if (secretFor === undefined || typeof path !== 'string' || path === '') continue
    if (options[secretFor] !== undefined && options[secretFor] !== null) {
      throw new ConfigError([{ path: name, message: `expected either this or ${secretFor}, found both` }])
    }
    const secret = readSecret(resolve(cwd, path), name, files, createSecretFile)
    if (secret === '') throw new ConfigError([{ path: name, message: `expected a secret in ${path}, found nothing` }])
    options[secretFor] = secret
  }
}

function readSecret(
  path: string,
  option: string,
  files: ConfigFiles,
  createSecretFile: ConfigSources['createSecretFile'],
): string {
  try {
    return new TextDecoder().decode(read(path, option, files)).trim()
  } catch (error) {
    const cause = error instanceof Error ? error.cause : undefined
    const missing = cause instanceof Error && 'code' in cause && cause.code === 'ENOENT'
    if (!missing || option !== 'registration_shared_secret_path' || !createSecretFile) throw error
    return createSecretFile(path)
  }
}

/** Takes the root level of Synapse's logging configuration, unless the configuration itself sets a level. */
function applyLogConfig(options: Record<string, unknown>, cwd: string, files: ConfigFiles, warnings: string[]): void {
  const { log_config: path, log } = options
  if (typeof path !== 'string' || path === '') return
  const file = parseYamlFile(read(resolve(cwd, path), 'log_config', files), path)
  const { level, ignored } = readLogConfig(file.options ?? {})
  if (ignored.length > 0) {
    warnings.push(
      `log_config: only the root logger's level is used, not ${ignored.join(', ')}; logs go to standard output`,
    )
  }
  if (level === undefined || (isMap(log) && log['level'] !== undefined)) return
  if (log === undefined || log === null || isMap(log)) options['log'] = { ...(isMap(log) ? log : {}), level }
}
