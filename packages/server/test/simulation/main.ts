import { diverged, simulate } from './simulation.ts'

// Runs rounds of the simulation by hand: `npm run simulate -- SEED` one, `npm run simulate -- FIRST COUNT` many.
const [first = '1', count = '1'] = process.argv.slice(2)
const began = performance.now()
const results = await simulate(Array.from({ length: Number(count) }, (_, index) => Number(first) + index))
const failed = new Set(diverged(results))
for (const { seed, version, states } of results) {
  if (!failed.has(seed)) continue
  console.log(`seed ${seed} (room version ${version}) diverged:`)
  for (const state of new Set(states)) console.log(state)
}
const seconds = ((performance.now() - began) / 1_000).toFixed(1)
console.log(`${results.length} rounds in ${seconds} s, ${failed.size} diverged: ${[...failed].join(' ')}`)
process.exitCode = failed.size > 0 ? 1 : 0
