import { existsSync } from 'node:fs'
import { type Command, Option } from 'commander'
import { type BuiltConfig, type ConfigSources, loadConfig } from '../platform/config/index.ts'
import { CommandFailure } from './failure.ts'

const DEFAULT_PATH = 'homeserver.yaml'

/** What the options added by `withConfigOption` come to. */
export interface ConfigFlags {
  readonly config?: string[]
  readonly configPath?: string[]
}

/** Adds `-c`, `--config`, and `--config-path` as Synapse calls it; each may be given several times. */
export function withConfigOption(command: Command): Command {
  return command
    .option('-c, --config <path>', `configuration file or folder; may be repeated (default: ${DEFAULT_PATH})`, collect)
    .addOption(new Option('--config-path <path>', 'the same').argParser(collect).hideHelp())
}

/** The configuration files and folders asked for. */
export function configPaths({ config = [], configPath = [] }: ConfigFlags): string[] {
  const paths = [...config, ...configPath]
  return paths.length > 0 ? paths : [DEFAULT_PATH]
}

/**
 * Loads the configuration a command was given.
 * @throws CommandFailure if there is no file. ConfigError if it cannot be used.
 */
export function loadCommandConfig(
  flags: ConfigFlags,
  hint: string,
  options: Pick<ConfigSources, 'createSecretFile'> = {},
): BuiltConfig {
  const paths = configPaths(flags)
  const missing = paths.find((path) => !existsSync(path))
  if (missing !== undefined) throw new CommandFailure(`there is no ${missing}. ${hint}`)
  return loadConfig({ paths, env: process.env, ...options })
}

/** Prints each warning on standard error. */
export function printWarnings(warnings: readonly string[]): void {
  for (const warning of warnings) console.error(`warning: ${warning}`)
}

function collect(path: string, earlier: string[] = []): string[] {
  return [...earlier, path]
}
