import { measureForTime } from '../measuring/closed-loop.ts'
import { type Measurement, measurementOf } from '../measuring/measurement.ts'
import type { Scenario } from './scenario.ts'

/** Making accounts, one at a time and eight at once. Hashing the password is most of it, and meant to be slow. */
export const register: Scenario = {
  name: 'register',
  about: 'make accounts (password hashing dominates)',
  async run({ world, instruments, effort }) {
    const measurements: Measurement[] = []
    for (const concurrency of [1, 8]) {
      const window = await measureForTime(instruments, {
        concurrency,
        warmUpMs: effort.durationMs * 0.05,
        windowMs: effort.durationMs * 0.25,
        operation: async (index) => {
          await world.register(`new-${concurrency}-${index}`)
        },
      })
      measurements.push(measurementOf(`register, ${concurrency} at once`, 'accounts', window))
    }
    return measurements
  },
}
