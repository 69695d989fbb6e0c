import { writeFile } from 'node:fs/promises'
import { systemClock } from '../clock.ts'
import { describeEnvironment } from '../report/environment.ts'
import { type Round, summarise } from '../report/summary.ts'
import { formatMeasurement, formatSummary } from '../report/table.ts'
import { type MicroOptions, parseMicroOptions, USAGE } from './options.ts'
import { checkContest, runContest } from './run-contest.ts'

const say = (line: string) => console.error(line)

async function bench({ subjects, durationMs, rounds: count, scale, jsonFile }: MicroOptions): Promise<void> {
  const effort = { clock: systemClock, cpuMs: processCpuMs, durationMs }
  const rounds: Round[] = []
  for (const subject of subjects) {
    say(`${subject.name}: ${subject.about}`)
    for (const contest of await subject.contests(scale)) {
      await checkContest(contest)
      for (let round = 0; round < count; round++) {
        const { ours, naive } = await runContest(contest, effort)
        rounds.push({ server: 'magik', measurements: [ours] }, { server: 'naive', measurements: [naive] })
        say(`  magik: ${formatMeasurement(ours)}`)
        say(`  naive: ${formatMeasurement(naive)}`)
      }
    }
  }
  const summary = summarise(rounds, ['magik', 'naive'])
  console.log(formatSummary(summary))
  if (jsonFile === undefined) return
  const settings = { durationMs, rounds: count, ...scale }
  const report = { environment: describeEnvironment(), settings, summary, rounds }
  await writeFile(jsonFile, `${JSON.stringify(report, undefined, 2)}\n`)
}

function processCpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1_000
}

try {
  const options = parseMicroOptions(process.argv.slice(2))
  if (options.help) console.log(USAGE)
  else await bench(options)
} catch (error) {
  say(error instanceof Error ? error.message : String(error))
  process.exitCode = 1
}
