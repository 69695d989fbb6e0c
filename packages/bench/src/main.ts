import { randomBytes } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { systemClock } from './clock.ts'
import { type BenchOptions, parseOptions, USAGE, UsageError } from './options.ts'
import type { ChildServer } from './peers/child-server.ts'
import { external } from './peers/external.ts'
import type { Peer } from './peers/peer.ts'
import { createPeer } from './peers/peers.ts'
import { describeEnvironment } from './report/environment.ts'
import { type Round, summarise } from './report/summary.ts'
import { formatMeasurement, formatSummary } from './report/table.ts'
import { runRound } from './run-round.ts'
import type { Scenario } from './scenarios/scenario.ts'
import { selectScenarios } from './scenarios/scenarios.ts'

const say = (line: string) => console.error(line)

async function bench(options: BenchOptions): Promise<void> {
  const started = new Set<ChildServer>()
  // Whatever ends this process, the servers it started end with it.
  process.once('exit', () => {
    for (const server of started) server.kill()
  })
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130))

  const peerOptions = {
    clock: systemClock,
    sharedSecret: randomBytes(16).toString('hex'),
    cacheFolder: options.cacheFolder,
    profileFolder: options.profileFolder,
    onStart: (server: ChildServer) => started.add(server),
    say,
  }
  const { url, pid, sharedSecret } = options
  const measured =
    url === undefined ? createPeer(options.server, peerOptions) : external({ baseUrl: url, pid, sharedSecret })
  const peers = [measured, ...(options.against === undefined ? [] : [createPeer(options.against, peerOptions)])]
  const scenarios = commonScenarios(selectScenarios(options.scenarios), peers)
  const environment = describeEnvironment()
  if (environment.databaseInMemory) say('the temporary folder is in memory: commits cost less here than on a disk')

  for (const peer of peers) await peer.prepare()
  const rounds: Round[] = []
  for (let round = 1; round <= options.rounds; round++) {
    // Who goes first changes, so that a machine that warms up or tires favours nobody.
    for (const peer of round % 2 === 1 ? peers : peers.toReversed()) {
      say(`round ${round} of ${options.rounds}: ${peer.name}`)
      rounds.push(await measure(peer, scenarios, options))
    }
  }

  const summary = summarise(
    rounds,
    peers.map((peer) => peer.name),
  )
  console.log(formatSummary(summary))
  if (options.jsonFile !== undefined) {
    const { concurrency, durationMs, pacePerSecond, members, rooms, crowd, roomVersion, rounds: count } = options
    const settings = { concurrency, durationMs, pacePerSecond, members, rooms, crowd, roomVersion, rounds: count }
    await writeFile(options.jsonFile, `${JSON.stringify({ environment, settings, summary, rounds }, undefined, 2)}\n`)
  }
}

async function measure(peer: Peer, scenarios: readonly Scenario[], options: BenchOptions): Promise<Round> {
  try {
    return await runRound({
      serverName: peer.name,
      server: await peer.start(),
      scenarios,
      effort: {
        durationMs: options.durationMs,
        concurrency: options.concurrency,
        pacePerSecond: options.pacePerSecond,
      },
      shape: {
        rooms: options.rooms,
        members: options.members,
        roomVersion: options.roomVersion,
        crowd: options.crowd,
      },
      prefix: `bench-${randomBytes(4).toString('hex')}`,
      clock: systemClock,
      onMeasurement: (measurement) => say(`  ${formatMeasurement(measurement)}`),
    })
  } finally {
    await peer.stop()
  }
}

/** @throws Error if no scenario is left that all servers can take part in. */
function commonScenarios(scenarios: readonly Scenario[], peers: readonly Peer[]): readonly Scenario[] {
  const common = scenarios.filter(({ name }) => peers.every((peer) => peer.scenarios?.includes(name) ?? true))
  const left = scenarios.filter((scenario) => !common.includes(scenario)).map((scenario) => scenario.name)
  if (common.length === 0) throw new UsageError('none of these scenarios can be run on all of these servers')
  if (left.length > 0) say(`left out, as not every server can do it: ${left.join(', ')}`)
  return common
}

try {
  const options = parseOptions(process.argv.slice(2), process.env)
  if (options.help) console.log(USAGE)
  else await bench(options)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  if (error instanceof UsageError) say(`\n${USAGE}`)
  process.exitCode = error instanceof UsageError ? 2 : 1
}
