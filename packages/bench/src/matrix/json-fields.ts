/** A parsed JSON object whose members are not known yet. */
export type JsonRecord = Readonly<Record<string, unknown>>

export function isRecord(value: unknown): value is JsonRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @returns the object under `key`; an empty one where there is none. */
export function recordField(record: JsonRecord, key: string): JsonRecord {
  const value = record[key]
  return isRecord(value) ? value : {}
}

/** @returns the objects of the array under `key`; none where there is no array. */
export function recordsField(record: JsonRecord, key: string): readonly JsonRecord[] {
  const value = record[key]
  return Array.isArray(value) ? value.filter(isRecord) : []
}

/** @throws Error if there is no string under `key`. */
export function stringField(record: JsonRecord, key: string): string {
  const value = record[key]
  if (typeof value !== 'string') throw new Error(`the response lacks the string ${key}`)
  return value
}

/** @throws Error if the bytes are not a JSON object. */
export function parseRecord(bytes: Buffer): JsonRecord {
  const value: unknown = JSON.parse(bytes.toString('utf8'))
  if (!isRecord(value)) throw new Error('the response is not a JSON object')
  return value
}
