import { Command } from 'commander'
import { type ConfigFlags, configPaths, loadCommandConfig, printWarnings, withConfigOption } from './config-option.ts'
import { CommandFailure } from './failure.ts'

/** `magik check-config`. */
export function checkConfigCommand(): Command {
  const command = new Command('check-config')
    .description('Tell whether a configuration can be used, without starting the server.')
    .option('--read <option>', 'print the value of an option, by its dotted path, as JSON; defaults included')
    .addHelpText(
      'after',
      `
Examples:
  $ magik check-config -c /etc/magik/homeserver.yaml
  $ magik check-config --read database.args.database`,
    )
    .action((flags: ConfigFlags & { readonly read?: string }) => {
      const hint = 'Name the configuration with --config'
      const { config, warnings } = loadCommandConfig(flags, hint)
      printWarnings(warnings)
      if (flags.read === undefined) console.log(`${configPaths(flags).join(', ')}: valid`)
      else console.log(JSON.stringify(readPath(config, flags.read), null, 2))
    })
  return withConfigOption(command)
}

function readPath(config: unknown, path: string): unknown {
  let value = config
  for (const step of path.split('.')) {
    const entry: [string, unknown] | undefined =
      typeof value === 'object' && value !== null ? Object.entries(value).find(([name]) => name === step) : undefined
    if (!entry) throw new CommandFailure(`there is no option ${path}`)
    value = entry[1]
  }
  return value
}
