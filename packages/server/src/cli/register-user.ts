import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'
import { Command, Option } from 'commander'
import type { Config } from '../platform/config/index.ts'
import { type ConfigFlags, loadCommandConfig, withConfigOption } from './config-option.ts'
import { CommandFailure, UsageError } from './failure.ts'
import { localUrl } from './local-url.ts'
import { type NewUser, registerWithSharedSecret } from './shared-secret-registration.ts'
import { ask, askNewPassword, canAsk } from './terminal.ts'

type RegisterUserFlags = ConfigFlags & {
  readonly user?: string
  readonly password?: string
  readonly passwordFile?: string
  readonly admin?: boolean
  readonly user_type?: string
  readonly existsOk?: boolean
  readonly sharedSecret?: string
}

/** `magik register-user`. */
export function registerUserCommand(): Command {
  const command = new Command('register-user')
    .description('Make an account on a running server, by its registration_shared_secret. Asks for what is not given.')
    .argument('[server-url]', 'where the server is (default: the first listener for clients in the configuration)')
    .option('-u, --user <localpart>', 'user name, the part between @ and :')
    .addOption(
      new Option(
        '-p, --password <password>',
        'password; others on this machine may see it while the command runs',
      ).conflicts('passwordFile'),
    )
    .option('--password-file <path>', 'file whose first line is the password; - for standard input')
    .option('-a, --admin', 'make a server administrator')
    .option('--no-admin', 'make an ordinary user, without asking')
    .option('-t, --user_type <type>', 'type of the user, such as bot or support')
    .option('--exists-ok', 'succeed if there is such a user already')
    .addOption(
      new Option('-k, --shared-secret <secret>', 'the secret, instead of reading it from the configuration').conflicts([
        'config',
        'configPath',
      ]),
    )
    .addHelpText(
      'after',
      `
Examples:
  $ magik register-user --admin                         asks for name and password
  $ magik register-user -u alice --password-file pw.txt --no-admin
  $ magik register-user -u bob -p secret --no-admin -c /etc/magik/homeserver.yaml http://localhost:8008`,
    )
    .action(async (url: string | undefined, flags: RegisterUserFlags) => run(url, flags))
  return withConfigOption(command)
}

async function run(url: string | undefined, flags: RegisterUserFlags): Promise<void> {
  const target = resolveTarget(url, flags)
  const user = await describeUser(flags)
  const outcome = await registerWithSharedSecret({ ...target, user })
  if (outcome.kind === 'refused') {
    if (outcome.errcode === 'M_USER_IN_USE' && flags.existsOk) {
      console.log(`${user.username} exists already`)
      return
    }
    throw new CommandFailure(`the server refused: ${outcome.message}`)
  }
  console.log(`made ${outcome.userId}${user.isAdmin ? ', an administrator' : ''}`)
}

function resolveTarget(url: string | undefined, flags: RegisterUserFlags): { url: string; secret: string } {
  if (flags.sharedSecret !== undefined) return { url: url ?? 'http://localhost:8008', secret: flags.sharedSecret }
  const hint = 'Name the configuration with --config, or give the secret with --shared-secret'
  const config: Config = loadCommandConfig(flags, hint).config
  const { registration_shared_secret: secret } = config
  if (secret === null) throw new CommandFailure('the configuration has no registration_shared_secret')
  return { url: url ?? localUrl(config) ?? 'http://localhost:8008', secret }
}

async function describeUser(flags: RegisterUserFlags): Promise<NewUser> {
  return {
    username: flags.user ?? (await askName()),
    password: await choosePassword(flags),
    isAdmin: flags.admin ?? (canAsk() && /^y(es)?$/iu.test((await ask('Make an administrator? [no] ')).trim())),
    userType: flags.user_type,
  }
}

async function askName(): Promise<string> {
  if (!canAsk()) throw new UsageError('--user is missing')
  const { username } = userInfo()
  return (await ask(`User name [${username}]: `)).trim() || username
}

async function choosePassword({ password, passwordFile }: RegisterUserFlags): Promise<string> {
  if (password !== undefined) return password
  if (passwordFile !== undefined) {
    const text = readFileSync(passwordFile === '-' ? 0 : passwordFile, 'utf8')
    const [first = ''] = text.split(/\r?\n/u)
    if (first === '') throw new UsageError(`${passwordFile} holds no password`)
    return first
  }
  if (!canAsk()) throw new UsageError('--password-file (or --password) is missing')
  return askNewPassword()
}
