import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { parsePowerLevel } from '../power-level-value.ts'
import type { AuthCheck } from './auth-check.ts'
import { type Refusal, refuse } from './verdict.ts'

/** The properties that hold one level each. */
export const SINGLE_LEVELS: readonly string[] = [
  'users_default',
  'events_default',
  'state_default',
  'ban',
  'redact',
  'kick',
  'invite',
]

const NOTHING: JsonObject = {}

/**
 * Nobody may grant more than they have, nor take from those who have as much.
 * @param current the content of the power levels event that would be replaced.
 * @spec rooms/v12/#authorisation-rules
 */
export function checkPowerLevelChanges(check: AuthCheck, current: JsonObject): Refusal | undefined {
  const next = check.pdu.content
  const senderLevel = check.senderLevel
  // 10.6 (v11: 9.5)
  for (const key of SINGLE_LEVELS) {
    const [before, after] = [levelOf(current[key], check), levelOf(next[key], check)]
    // 10.6.1 (v11: 9.5.1)
    if (before !== after && before > senderLevel)
      return refuse('10.6.1', `${key} is higher than the sender’s power level`)
    // 10.6.2 (v11: 9.5.2)
    if (before !== after && after > senderLevel)
      return refuse('10.6.2', `${key} would be higher than the sender’s power level`)
  }
  const groups = check.version.authorisesNotificationLevels ? ['events', 'notifications'] : ['events']
  for (const group of groups) {
    for (const { name, before, after } of changesOf(current[group], next[group], check)) {
      // 10.7 (v11: 9.6)
      if (before > senderLevel) return refuse('10.7.1', `${group}: ${name} is higher than the sender’s power level`)
      // 10.8 (v11: 9.7)
      if (after > senderLevel)
        return refuse('10.8.1', `${group}: ${name} would be higher than the sender’s power level`)
    }
  }
  for (const { name, before, after } of changesOf(current.users, next.users, check)) {
    // 10.9 (v11: 9.8)
    if (name !== check.pdu.sender && before >= senderLevel) {
      return refuse('10.9.1', `users: ${name} has as much power as the sender`)
    }
    // 10.10 (v11: 9.9)
    if (after > senderLevel) return refuse('10.10.1', `users: ${name} would have more power than the sender`)
  }
  // 10.11 (v11: 9.10)
  return undefined
}

/** An entry that was added, changed or removed. */
interface LevelChange {
  readonly name: string
  readonly before: number
  readonly after: number
}

function* changesOf(
  current: JsonValue | undefined,
  next: JsonValue | undefined,
  check: AuthCheck,
): Iterable<LevelChange> {
  const [old, now] = [isJsonObject(current) ? current : NOTHING, isJsonObject(next) ? next : NOTHING]
  for (const name of new Set([...Object.keys(old), ...Object.keys(now)])) {
    const [before, after] = [levelOf(old[name], check), levelOf(now[name], check)]
    if (before !== after) yield { name, before, after }
  }
}

/** A level; minus infinity where there is none, which is higher than nobody's. */
function levelOf(value: JsonValue | undefined, { version }: AuthCheck): number {
  return parsePowerLevel(value, version) ?? -Infinity
}
