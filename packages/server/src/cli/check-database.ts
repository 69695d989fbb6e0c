import { randomBytes } from 'node:crypto'
import { existsSync } from 'node:fs'
import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import type { Config } from '../platform/config/index.ts'
import type { Database } from '../platform/database/database.ts'
import type { Schema } from '../storage/schema.ts'
import { type ConfigFlags, loadCommandConfig, printWarnings, withConfigOption } from './config-option.ts'
import { CommandFailure } from './failure.ts'

type CheckFlags = ConfigFlags & { readonly rebuild?: true; readonly quiet?: true }

/** Progress is told at most that often. */
const PROGRESS_INTERVAL_MS = 1_000

/** `magik check-database`. */
export function checkDatabaseCommand(): Command {
  const command = new Command('check-database')
    .description('Recompute what the database derives from its events, and tell every difference.')
    .option('--rebuild', 'repair what can be derived anew, and say what cannot')
    .option('-q, --quiet', 'no progress on standard error')
    .addHelpText(
      'after',
      `
The server must be stopped. Each difference is one line on standard output, progress goes to standard error.
It ends with exit code 1 if differences are left, with 0 if there are none or all have been repaired.
A rebuild that was interrupted is begun anew by the next one.

Examples:
  $ magik check-database -c /etc/magik/homeserver.yaml
  $ magik check-database -c /etc/magik/homeserver.yaml --rebuild`,
    )
    .action(async (flags: CheckFlags) => run(flags))
  return withConfigOption(command)
}

async function run(flags: CheckFlags): Promise<void> {
  const { config, warnings } = loadCommandConfig(flags, 'Name the configuration with --config')
  printWarnings(warnings)
  const isRebuilding = flags.rebuild === true
  const { createDatabaseCheck } = await import('../composition/database-check.ts')
  const database = await openStoppedDatabase(config)
  try {
    const check = await createDatabaseCheck(config, database, {
      isRebuilding,
      onFinding: ({ about, what }, outcome) => {
        console.log(outcome === 'found' ? `${about}: ${what}` : `${outcome}: ${about}: ${what}`)
      },
      onProgress: progressPrinter(flags.quiet !== true),
    })
    const { found, repaired } = await check.run()
    console.error(summary(found, repaired, isRebuilding))
    if (found > repaired) process.exitCode = 1
  } finally {
    await database.close()
  }
}

/**
 * Opens the database that a configuration names, for this command alone. Whether servers use a PostgreSQL database cannot
 * be told from outside, so the person is reminded.
 * @throws CommandFailure if there is none, or a server uses it.
 */
async function openStoppedDatabase(config: Config): Promise<Database<Schema>> {
  const [{ openDatabase }, { createLogger }, { createMetricsRegistry }] = await Promise.all([
    import('../composition/database.ts'),
    import('../platform/log/logger.ts'),
    import('../platform/metrics/registry.ts'),
  ])
  if (config.database.name === 'psycopg2') {
    console.error(
      'note: what servers write meanwhile is told as differences; for --rebuild all of them must be stopped',
    )
  } else {
    await refuseInUse(config.database.args.database)
  }
  const registry = createMetricsRegistry({ serverName: config.server_name, version: packageJson.version })
  return openDatabase({ config, logger: createLogger({ level: 'warn' }), registry, randomBytes }, {})
}

async function refuseInUse(path: string): Promise<void> {
  const { isInUse } = await import('../platform/database/sqlite/in-use.ts')
  if (!existsSync(path)) throw new CommandFailure(`there is no database ${path}`)
  if (isInUse(path)) throw new CommandFailure(`${path} is in use: stop the server first`)
}

function progressPrinter(isTold: boolean): (text: string) => void {
  let last = -Infinity
  return (text) => {
    const now = performance.now()
    if (!isTold || now - last < PROGRESS_INTERVAL_MS) return
    last = now
    console.error(text)
  }
}

function summary(found: number, repaired: number, isRebuilding: boolean): string {
  if (found === 0) return 'no differences'
  if (!isRebuilding) return `${found} differences; --rebuild repairs those that can be`
  return `${found} differences: ${repaired} repaired, ${found - repaired} left`
}
