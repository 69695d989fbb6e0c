import { JsonNumber, type JsonValue } from './json/json-value.ts'
import type { RoomVersion } from './room-version/room-version.ts'

/** A base 10 integer with an optional sign, blanks around it. */
const STRINGY_LEVEL = /^\s*[+-]?\d+\s*$/

/**
 * Reads one value of an `m.room.power_levels` event the way a room version reads it.
 * @returns `undefined` if it is absent or no power level there.
 * @spec rooms/v1/#mroompower_levels-events-accept-values-as-strings
 */
export function parsePowerLevel(value: JsonValue | undefined, version: RoomVersion): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) ? value : finiteLevel(value, version)
  // An integer, if an odd one; canonical JSON makes it 0.
  if (value instanceof JsonNumber && value.literal === '-0') return 0
  if (value === undefined || version.powerLevelValues === 'integers') return undefined
  if (typeof value === 'string') return STRINGY_LEVEL.test(value) ? finite(Number(value)) : undefined
  return value instanceof JsonNumber ? finiteLevel(value.valueOf(), version) : undefined
}

function finiteLevel(value: number, version: RoomVersion): number | undefined {
  return version.powerLevelValues === 'numbers-or-strings' ? finite(Math.trunc(value)) : undefined
}

function finite(value: number): number | undefined {
  // Adding zero turns minus zero into zero, so that comparisons for change see no difference.
  return Number.isFinite(value) ? value + 0 : undefined
}
