import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

export const USAGE = `Measures a Matrix homeserver over HTTP.

  npm run bench                        measures a fresh Magik
  npm run bench -- --against synapse   measures Magik and Synapse in turn and prints ratios
  npm run bench -- --url http://127.0.0.1:8008 [--shared-secret TEXT] [--pid NUMBER]
                                       measures a server that is already running

  --server NAME        which server to start instead of Magik: magik, synapse or floor
  --against NAME       the server to compare it with
  --scenario A,B       only these: register, join, serial-sends, loaded-sends, fan-out, initial-sync, messages;
                       large-room runs only where it is named
  --duration SECONDS   window of the loaded sends; other windows are shares of it (10)
  --runs N, --rounds N how often everything is measured; the median counts (1, with --against 3)
  --concurrency N      workers of the loaded sends (32)
  --pace N             messages per second of the fan-out (5)
  --rooms N            rooms (20)
  --members N          users; each is in every room (40)
  --crowd N            members of the large room of large-room (10000)
  --room-version V     version of the rooms (12)
  --json FILE          writes all figures there too
  --cache FOLDER       where other servers are installed (magik-bench in the user's cache folder)
  --profile FOLDER     lets a server that runs on Node write its processor profile there
  --help
`

export interface BenchOptions {
  readonly server: string
  readonly against: string | undefined
  readonly url: string | undefined
  readonly sharedSecret: string | undefined
  readonly pid: number | undefined
  readonly scenarios: readonly string[] | undefined
  readonly durationMs: number
  readonly rounds: number
  readonly concurrency: number
  readonly pacePerSecond: number
  readonly rooms: number
  readonly members: number
  readonly crowd: number
  readonly roomVersion: string
  readonly jsonFile: string | undefined
  readonly cacheFolder: string
  readonly profileFolder: string | undefined
  readonly help: boolean
}

/** A command line that makes no sense; its message says why. */
export class UsageError extends Error {}

/**
 * Reads the command line.
 * @param environment for `XDG_CACHE_HOME` and `HOME`.
 * @throws UsageError
 */
export function parseOptions(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): BenchOptions {
  const values = parseFlags(args)
  if (values.url !== undefined && values.server !== undefined) {
    throw new UsageError('--url and --server exclude each other')
  }
  const userCache = environment['XDG_CACHE_HOME'] || join(environment['HOME'] ?? '.', '.cache')
  return {
    server: values.server ?? 'magik',
    against: values.against,
    url: values.url,
    sharedSecret: values['shared-secret'],
    pid: values.pid === undefined ? undefined : wholeNumber('--pid', values.pid),
    scenarios: values.scenario?.split(',').map((name) => name.trim()),
    durationMs: 1_000 * positive('--duration', values.duration ?? '10'),
    rounds: wholeNumber('--runs', values.runs ?? values.rounds ?? (values.against === undefined ? '1' : '3')),
    concurrency: wholeNumber('--concurrency', values.concurrency ?? '32'),
    pacePerSecond: positive('--pace', values.pace ?? '5'),
    rooms: wholeNumber('--rooms', values.rooms ?? '20'),
    members: wholeNumber('--members', values.members ?? '40'),
    crowd: wholeNumber('--crowd', values.crowd ?? '10000'),
    roomVersion: values['room-version'] ?? '12',
    jsonFile: values.json,
    cacheFolder: values.cache ?? join(userCache, 'magik-bench'),
    profileFolder: values.profile === undefined ? undefined : resolve(values.profile),
    help: values.help ?? false,
  }
}

function parseFlags(args: readonly string[]) {
  const text = { type: 'string' } as const
  try {
    return parseArgs({
      args: [...args],
      options: {
        server: text,
        against: text,
        url: text,
        'shared-secret': text,
        pid: text,
        scenario: text,
        duration: text,
        runs: text,
        rounds: text,
        concurrency: text,
        pace: text,
        rooms: text,
        members: text,
        crowd: text,
        'room-version': text,
        json: text,
        cache: text,
        profile: text,
        help: { type: 'boolean' },
      },
    }).values
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error))
  }
}

function positive(flag: string, text: string): number {
  const value = Number(text)
  if (!Number.isFinite(value) || value <= 0) throw new UsageError(`${flag} takes a number above 0, not ${text}`)
  return value
}

function wholeNumber(flag: string, text: string): number {
  const value = positive(flag, text)
  if (!Number.isInteger(value)) throw new UsageError(`${flag} takes a whole number, not ${text}`)
  return value
}
