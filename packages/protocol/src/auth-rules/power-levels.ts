import { isUserId } from '../identifiers.ts'
import { isJsonObject, JsonNumber, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { parsePowerLevel } from '../power-level-value.ts'
import { isRoomCreator } from '../room-creators.ts'
import type { AuthCheck } from './auth-check.ts'
import { checkPowerLevelChanges, SINGLE_LEVELS } from './power-level-changes.ts'
import { type Refusal, refuse } from './verdict.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkPowerLevels(check: AuthCheck): Refusal | undefined {
  const { content } = check.pdu
  const malformed = findMalformedLevel(content, check)
  if (malformed !== undefined) return malformed
  // 10.3 (v11: 9.3); an absent property counts as an empty one
  const { users } = content
  if (
    users !== undefined &&
    !(isJsonObject(users) && Object.entries(users).every((entry) => isUserLevel(entry, check)))
  ) {
    return refuse('10.3', 'users must map user IDs to power levels')
  }
  // 10.4
  if (check.version.creatorPower === 'infinite' && isJsonObject(users) && namesCreator(users, check)) {
    return refuse('10.4', 'A creator’s power level cannot be set')
  }
  const current = check.state('m.room.power_levels', '')
  // 10.5 (v11: 9.4)
  if (current === undefined) return undefined
  return checkPowerLevelChanges(check, current.content)
}

function findMalformedLevel(content: JsonObject, { version }: AuthCheck): Refusal | undefined {
  // Before version 10 what is no level counts as absent, unless it is a number that no double comes near.
  const isStrict = version.powerLevelValues === 'integers'
  const isMalformed = isStrict ? (value: JsonValue) => parsePowerLevel(value, version) === undefined : isBeyondDoubles
  // 10.1 (v11: 9.1)
  for (const key of SINGLE_LEVELS) {
    const level = content[key]
    if (level !== undefined && isMalformed(level)) return refuse('10.1', `${key} must be an integer`)
  }
  // 10.2 (v11: 9.2)
  for (const key of ['events', 'notifications']) {
    const levels = content[key]
    if (levels === undefined) continue
    if (isJsonObject(levels) ? Object.values(levels).some(isMalformed) : isStrict) {
      return refuse('10.2', `${key} must be an object of integers`)
    }
  }
  return undefined
}

/** @spec rooms/v1/#mroompower_levels-events-accept-values-as-floats */
function isBeyondDoubles(value: JsonValue): boolean {
  return value instanceof JsonNumber && !Number.isFinite(value.valueOf())
}

function isUserLevel([userId, level]: [string, JsonValue], { version }: AuthCheck): boolean {
  return isUserId(userId) && parsePowerLevel(level, version) !== undefined
}

function namesCreator(users: JsonObject, { create, version }: AuthCheck): boolean {
  return Object.keys(users).some((userId) => isRoomCreator(userId, create, version))
}
