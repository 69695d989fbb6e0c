import { spawn } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { diverged, simulate } from './simulation.ts'

// Runs rounds of the simulation: `npm run simulate -- SEED` one, `npm run simulate -- FIRST COUNT` many. Many are shared
// among processes.
const ROUNDS_OF_ONE_PROCESS = 100

const [first = 1, count = 1] = process.argv.slice(2).map(Number)
const began = performance.now()
const share = Math.ceil(count / availableParallelism())
if (count > ROUNDS_OF_ONE_PROCESS && process.env['SIMULATION_SHARE'] === undefined) {
  const shares = Array.from({ length: Math.ceil(count / share) }, (_, index) => {
    return runShare(first + index * share, Math.min(share, count - index * share))
  })
  const codes = await Promise.all(shares)
  const failed = codes.filter((code) => code !== 0).length
  console.log(`${count} rounds in ${seconds()} s; ${failed} of ${codes.length} processes saw servers disagree`)
  process.exitCode = failed > 0 ? 1 : 0
} else {
  const seeds = Array.from({ length: count }, (_, index) => first + index)
  const results = await simulate(seeds)
  const failed = new Set(diverged(results))
  for (const { seed, version, states } of results) {
    if (!failed.has(seed)) continue
    console.log(`seed ${seed} (room version ${version}): the servers disagree. npm run simulate -- ${seed}`)
    for (const state of new Set(states)) console.log(state)
  }
  console.log(`${count} rounds from seed ${first} in ${seconds()} s, ${failed.size} ended in disagreement`)
  process.exitCode = failed.size > 0 ? 1 : 0
}

function seconds(): string {
  return ((performance.now() - began) / 1_000).toFixed(1)
}

/** Runs some of the rounds in a process of their own. @returns its exit code. */
function runShare(from: number, rounds: number): Promise<number> {
  const environment = { ...process.env, SIMULATION_SHARE: 'yes' }
  const options = { stdio: 'inherit', env: environment } as const
  const child = spawn(process.execPath, [import.meta.filename, `${from}`, `${rounds}`], options)
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => resolve(code ?? 1))
  })
}
