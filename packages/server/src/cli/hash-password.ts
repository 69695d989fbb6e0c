import { Command } from 'commander'
import { PasswordHasher } from '../services/auth/password-hasher.ts'
import { type ConfigFlags, configPaths, loadCommandConfig, withConfigOption } from './config-option.ts'
import { UsageError } from './failure.ts'
import { askNewPassword, canAsk, readFirstLine } from './terminal.ts'

/** `magik hash-password`. */
export function hashPasswordCommand(): Command {
  const command = new Command('hash-password')
    .description('Print the hash of a password, as it is stored. It is asked for, or read from standard input.')
    .option('-p, --password <password>', 'the password; others on this machine may see it while the command runs')
    .addHelpText(
      'after',
      `
The pepper (password_config.pepper) comes from the configuration; without --config there is none.

Examples:
  $ magik hash-password -c /etc/magik/homeserver.yaml
  $ magik hash-password < password-file`,
    )
    .action(async (flags: ConfigFlags & { readonly password?: string }) => {
      const isConfigured = flags.config !== undefined || flags.configPath !== undefined
      const pepper = isConfigured
        ? loadCommandConfig(flags, `${configPaths(flags).join(', ')} was asked for`).config.password_config.pepper
        : ''
      const password = flags.password ?? (canAsk() ? await askNewPassword() : await readFirstLine())
      if (password === '') throw new UsageError('the password is empty')
      console.log(await new PasswordHasher({ pepper, cost: 'full' }).hash(password))
    })
  return withConfigOption(command)
}
