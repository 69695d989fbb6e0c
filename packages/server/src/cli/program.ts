import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { checkConfigCommand } from './check-config.ts'
import { checkDatabaseCommand } from './check-database.ts'
import { EXIT_CODES } from './failure.ts'
import { generateConfigCommand } from './generate-config.ts'
import { generateSigningKeyCommand } from './generate-signing-key.ts'
import { hashPasswordCommand } from './hash-password.ts'
import { registerUserCommand } from './register-user.ts'
import { startCommand } from './start.ts'

/** The `magik` command with all its subcommands. It throws instead of leaving the process. */
export function buildProgram(): Command {
  const program = new Command('magik')
    .description('Magik, a Matrix homeserver.')
    .version(packageJson.version, '-V, --version')
    .showHelpAfterError('(--help shows what there is)')
    .addHelpText('after', EXIT_CODES)
  const commands = [
    startCommand(),
    registerUserCommand(),
    checkConfigCommand(),
    checkDatabaseCommand(),
    generateConfigCommand(),
    generateSigningKeyCommand(),
    hashPasswordCommand(),
  ]
  for (const command of commands) {
    command.copyInheritedSettings(program).addHelpText('after', EXIT_CODES).exitOverride()
    program.addCommand(command)
  }
  return program.exitOverride()
}
