import { fanOut } from './fan-out.ts'
import { initialSync } from './initial-sync.ts'
import { join } from './join.ts'
import { largeRoom } from './large-room.ts'
import { loadedSends } from './loaded-sends.ts'
import { messages } from './messages.ts'
import { register } from './register.ts'
import type { Scenario } from './scenario.ts'
import { serialSends } from './serial-sends.ts'

/** All scenarios in the order in which they run: later ones use the users, rooms and messages of earlier ones. */
export const SCENARIOS: readonly Scenario[] = [
  register,
  join,
  serialSends,
  loadedSends,
  fanOut,
  initialSync,
  messages,
  largeRoom,
]

/**
 * Picks scenarios by name, in the standard order; without names all but those that run on request only.
 * @throws Error naming the first unknown one.
 */
export function selectScenarios(names: readonly string[] | undefined): readonly Scenario[] {
  if (names === undefined) return SCENARIOS.filter(({ onRequest }) => onRequest !== true)
  for (const name of names) {
    if (!SCENARIOS.some((scenario) => scenario.name === name)) {
      throw new Error(`no scenario ${name}; there are ${SCENARIOS.map((scenario) => scenario.name).join(', ')}`)
    }
  }
  return SCENARIOS.filter((scenario) => names.includes(scenario.name))
}
