import { isUserId } from '../identifiers.ts'
import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { parsePowerLevel } from '../power-level-value.ts'
import { isRoomCreator } from '../room-creators.ts'
import type { AuthCheck } from './auth-check.ts'
import { checkPowerLevelChanges, SINGLE_LEVELS } from './power-level-changes.ts'
import { type Refusal, refuse } from './verdict.ts'

/** @spec rooms/v12/#authorisation-rules */
export function checkPowerLevels(check: AuthCheck): Refusal | undefined {
  const { content } = check.pdu
  const malformed = check.version.powerLevelValues === 'integers' ? findMalformedLevel(content, check) : undefined
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
  const isLevel = (value: JsonValue | undefined) => parsePowerLevel(value, version) !== undefined
  // 10.1 (v11: 9.1)
  for (const key of SINGLE_LEVELS) {
    if (content[key] !== undefined && !isLevel(content[key])) return refuse('10.1', `${key} must be an integer`)
  }
  // 10.2 (v11: 9.2)
  for (const key of ['events', 'notifications']) {
    const levels = content[key]
    if (levels !== undefined && !(isJsonObject(levels) && Object.values(levels).every(isLevel))) {
      return refuse('10.2', `${key} must be an object of integers`)
    }
  }
  return undefined
}

function isUserLevel([userId, level]: [string, JsonValue], { version }: AuthCheck): boolean {
  return isUserId(userId) && parsePowerLevel(level, version) !== undefined
}

function namesCreator(users: JsonObject, { create, version }: AuthCheck): boolean {
  return Object.keys(users).some((userId) => isRoomCreator(userId, create, version))
}
