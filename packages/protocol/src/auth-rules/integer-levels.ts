import { isJsonObject, type JsonObject, type JsonValue } from '../json/json-value.ts'
import { SINGLE_LEVELS } from './power-level-changes.ts'

/**
 * Whether the content of a power levels event holds integers wherever it holds levels. Room versions before 10 allow
 * more, but servers are to keep their own users from sending it.
 * @spec rooms/v9/#deprecated-event-content-schemas
 */
export function holdsIntegerLevelsOnly(content: JsonObject): boolean {
  return (
    SINGLE_LEVELS.every((key) => content[key] === undefined || isInteger(content[key])) &&
    ['events', 'notifications', 'users'].every((key) => content[key] === undefined || isObjectOfIntegers(content[key]))
  )
}

function isObjectOfIntegers(value: JsonValue): boolean {
  return isJsonObject(value) && Object.values(value).every(isInteger)
}

function isInteger(value: JsonValue): boolean {
  return Number.isSafeInteger(value)
}
