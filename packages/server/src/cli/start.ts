import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { type Config, clientBaseUrl } from '../platform/config/index.ts'
import { type ConfigFlags, configPaths, loadCommandConfig, printWarnings, withConfigOption } from './config-option.ts'
import { errorText, UsageError } from './failure.ts'
import { createConfigFile, createMissingFiles, shownPath } from './first-start.ts'
import { commandName, localUrl } from './local-url.ts'
import { createSecret, writePrivateFile } from './secret.ts'

/** A server as this command drives it. */
export interface RunnableServer {
  /** Opens the database and the listeners. */
  start(): Promise<{ readonly listening: readonly string[] }>
  /** Takes no further requests, finishes those under way, closes everything. */
  stop(): Promise<void>
  /** Reads certificates again. */
  reload?(): Promise<void> | void
}

type StartFlags = ConfigFlags & { readonly init?: boolean; readonly serverName?: string }

/** `magik start`. */
export function startCommand(): Command {
  const command = new Command('start')
    .description('Run the homeserver until it is stopped (SIGTERM or Ctrl-C).')
    .option('--init', 'write a configuration with fresh secrets first, if there is none')
    .option('-H, --server-name <name>', 'server name for --init (default: $MAGIK_SERVER_NAME, or localhost)')
    .addHelpText(
      'after',
      `
A signing key and a data folder that the configuration names are made when they are missing.
SIGTERM and SIGINT finish the requests under way and stop; a second one stops at once.
SIGHUP reads the TLS certificates again.

Examples:
  $ magik start --init                                 a server to try out, in the current folder
  $ magik start --init --server-name example.com       the same, with a name of its own
  $ magik start -c /etc/magik/homeserver.yaml
  $ magik start -c homeserver.yaml -c conf.d           a folder adds every *.yaml in it`,
    )
    .action(async (flags: StartFlags) => run(flags))
  return withConfigOption(command)
}

async function run(flags: StartFlags): Promise<void> {
  const [path = ''] = configPaths(flags)
  const isNew = flags.init === true && !existsSync(path)
  if (isNew) {
    const serverName = flags.serverName ?? (process.env['MAGIK_SERVER_NAME'] || 'localhost')
    createConfigFile(path, serverName)
    console.error(`made ${path}, for the server name ${serverName}`)
  } else if (flags.serverName !== undefined) {
    throw new UsageError(`--server-name is for a first start with --init; ${path} has the server's name already`)
  }
  const hint = `\`${commandName()} start --init\` makes one`
  const { config, warnings } = loadCommandConfig(flags, hint, { createSecretFile })
  printWarnings(warnings)
  for (const made of createMissingFiles(config)) console.error(`made ${shownPath(made)}`)
  await serve(config, flags)
}

function createSecretFile(path: string): string {
  const secret = createSecret()
  writePrivateFile(path, `${secret}\n`)
  console.error(`made ${shownPath(path)}`)
  return secret
}

async function serve(config: Config, flags: StartFlags): Promise<void> {
  // Everything but this command starts without loading the server.
  const { createServer } = await import('../server.ts')
  const server: RunnableServer = await createServer(config)
  const { listening } = await server.start()
  stopOnSignals(server, config)
  if (config.pid_file !== null) writeFileSync(config.pid_file, `${process.pid}\n`)
  console.error(readyText(config, listening, flags.init === true))
}

function stopOnSignals(server: RunnableServer, config: Config): void {
  let isStopping = false
  const stop = (signal: NodeJS.Signals) => {
    // Whoever asks twice does not want to wait.
    if (isStopping) process.exit(1)
    isStopping = true
    console.error(`${signal}: finishing the requests under way`)
    void stopServer(server, config).then((code) => process.exit(code))
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  process.on('SIGHUP', () => {
    Promise.resolve(server.reload?.()).catch((error: unknown) => {
      console.error(`error: could not reload: ${errorText(error)}`)
    })
  })
}

/** @returns the exit code. */
async function stopServer(server: RunnableServer, config: Config): Promise<number> {
  try {
    await server.stop()
    // The server asks to be stopped, with a code, when it cannot go on.
    return Number(process.exitCode ?? 0)
  } catch (error) {
    console.error(`error: ${errorText(error)}`)
    return 1
  } finally {
    if (config.pid_file !== null) rmSync(config.pid_file, { force: true })
  }
}

function readyText(config: Config, listening: readonly string[], isGuided: boolean): string {
  const lines = [`${config.server_name} is listening on ${listening.join(', ')}`]
  if (isGuided) {
    const url = localUrl(config) ?? clientBaseUrl(config)
    lines.push(
      '',
      `Make the first user, an administrator, from a second terminal in this folder:`,
      `  ${commandName()} register-user --admin`,
      `Point an app at it: choose "other homeserver" when signing in and type`,
      `  ${config.public_baseurl ?? url}`,
      `Its own page, with apps to choose from: ${url}/`,
      '',
    )
  }
  return lines.join('\n')
}
