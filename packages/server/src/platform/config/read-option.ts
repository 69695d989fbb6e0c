import { resolve } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import type { OptionSchema } from './declare.ts'
import type { ConfigProblem } from './problem.ts'
import { parseDuration, parseFileMode, parseHttpUrl, parseSize } from './units.ts'

/** What reading gathers on its way, and what it stands on. */
export interface ReadContext {
  /** Relative paths count from here. */
  readonly cwd: string
  readonly problems: ConfigProblem[]
  /** Dotted paths of options that are set, but that nothing acts on yet. */
  readonly pending: string[]
}

/**
 * Turns one raw YAML value into the option's value: fills in defaults, converts units, checks types and limits. Problems
 * go to the context; the value returned beside a problem is meaningless. Unknown keys are not its concern.
 */
export function readOption(schema: OptionSchema, raw: unknown, path: string, context: ReadContext): unknown {
  if (raw === undefined) return readDefault(schema, path, context)
  if (schema.anyOf) return readChoice(schema, schema.anyOf, raw, path, context)
  if (schema.properties) return readMap(schema, schema.properties, raw, path, context)
  if (schema.patternProperties) return readDictionary(schema, raw, path, context)
  if (schema.items) return readList(schema, schema.items, raw, path, context)
  const value = readScalar(schema, raw, context)
  if (value === undefined) return complain(schema, raw, path, context)
  return value
}

function readDefault(schema: OptionSchema, path: string, context: ReadContext): unknown {
  if (schema.default === undefined) {
    context.problems.push({ path, message: `is mandatory; expected ${expectation(schema)}` })
    return undefined
  }
  return readOption(schema, structuredClone(schema.default), path, context)
}

function readChoice(
  schema: OptionSchema,
  branches: readonly OptionSchema[],
  raw: unknown,
  path: string,
  context: ReadContext,
): unknown {
  const shared = notesOf(schema)
  const branch = branches.find((candidate) => accepts(candidate, raw))
  if (!branch) return complain(schema, raw, path, context)
  return readOption({ ...shared, ...branch }, raw, path, context)
}

/** Whether a branch is the one the author of the file meant: by shape for maps and lists, by value for the rest. */
function accepts(branch: OptionSchema, raw: unknown): boolean {
  if (branch.properties || branch.patternProperties) return isMap(raw)
  if (branch.items) return Array.isArray(raw)
  if (branch.anyOf) return branch.anyOf.some((inner) => accepts(inner, raw))
  return readScalar(branch, raw, { cwd: '/', problems: [], pending: [] }) !== undefined
}

function readMap(
  schema: OptionSchema,
  properties: Readonly<Record<string, OptionSchema>>,
  raw: unknown,
  path: string,
  context: ReadContext,
): unknown {
  // An option whose lines are all commented out is null in YAML; Synapse reads that as an empty map.
  const source = raw === null ? {} : raw
  if (!isMap(source)) return complain(schema, raw, path, context)
  const value: Record<string, unknown> = {}
  for (const [name, property] of Object.entries(properties)) {
    const at = path === '' ? name : `${path}.${name}`
    value[name] = readOption(property, source[name], at, context)
    if (property.pending && source[name] !== undefined && !isDefault(property, value[name], context)) {
      context.pending.push(at)
    }
  }
  return value
}

function isDefault(schema: OptionSchema, value: unknown, { cwd }: ReadContext): boolean {
  return isDeepStrictEqual(value, readOption(schema, undefined, '', { cwd, problems: [], pending: [] }))
}

function readDictionary(schema: OptionSchema, raw: unknown, path: string, context: ReadContext): unknown {
  const source = raw === null ? {} : raw
  if (!isMap(source)) return complain(schema, raw, path, context)
  const entry = Object.values(schema.patternProperties ?? {})[0] ?? {}
  return Object.fromEntries(
    Object.entries(source).map(([name, value]) => [name, readOption(entry, value, `${path}.${name}`, context)]),
  )
}

function readList(
  schema: OptionSchema,
  items: OptionSchema,
  raw: unknown,
  path: string,
  context: ReadContext,
): unknown {
  if (!Array.isArray(raw) || raw.length < (schema.minItems ?? 0)) return complain(schema, raw, path, context)
  return raw.map((item: unknown, index) => readOption(items, item, `${path}[${index}]`, context))
}

/** @returns the value, or undefined if the scalar does not fit. */
function readScalar(schema: OptionSchema, raw: unknown, { cwd }: ReadContext): unknown {
  if (schema.const !== undefined) return raw === schema.const ? raw : undefined
  switch (schema.type) {
    case undefined:
      return raw
    case 'null':
      return raw === null ? null : undefined
    case 'boolean':
      return typeof raw === 'boolean' ? raw : undefined
    case 'integer':
    case 'number':
      return readNumber(schema, raw)
    case 'string':
      return readString(schema, raw, cwd)
    default:
      throw new Error(`option declared with a type that is not read: ${schema.type}`)
  }
}

function readNumber(schema: OptionSchema, raw: unknown): number | undefined {
  const value = convertNumber(schema, raw)
  if (value === undefined || (schema.type === 'integer' ? !Number.isSafeInteger(value) : !Number.isFinite(value))) {
    return undefined
  }
  if (schema.minimum !== undefined && value < schema.minimum) return undefined
  if (schema.exclusiveMinimum !== undefined && value <= schema.exclusiveMinimum) return undefined
  if (schema.maximum !== undefined && value > schema.maximum) return undefined
  return value
}

function convertNumber(schema: OptionSchema, raw: unknown): number | undefined {
  if (schema.unit === 'duration') return parseDuration(raw)
  if (schema.unit === 'size') return parseSize(raw)
  if (schema.unit === 'file_mode') return parseFileMode(raw)
  return typeof raw === 'number' ? raw : undefined
}

function readString(schema: OptionSchema, raw: unknown, cwd: string): string | undefined {
  const text = schema.unit === 'token' && typeof raw === 'number' ? String(raw) : raw
  if (typeof text !== 'string') return undefined
  if (text.length < (schema.minLength ?? 0) || text.length > (schema.maxLength ?? Number.POSITIVE_INFINITY)) {
    return undefined
  }
  if (schema.pattern !== undefined && !new RegExp(schema.pattern, 'u').test(text)) return undefined
  if (schema.unit === 'path') return resolve(cwd, text)
  if (schema.unit === 'url') return parseHttpUrl(text)
  if (schema.unit === 'base_url') {
    const url = parseHttpUrl(text)
    return url === undefined || url.endsWith('/') ? url : `${url}/`
  }
  return text
}

function complain(schema: OptionSchema, raw: unknown, path: string, { problems }: ReadContext): undefined {
  problems.push({ path, message: `expected ${expectation(schema)}, found ${found(raw, schema)}` })
  return undefined
}

/** In words, what an option's value has to be. */
export function expectation(schema: OptionSchema): string {
  if (schema.anyOf) {
    const words = schema.anyOf.flatMap(({ const: word }) => (word === undefined ? [] : [JSON.stringify(word)]))
    const others = schema.anyOf.filter((branch) => branch.const === undefined).map(expectation)
    const choices = words.length > 1 ? [`one of ${words.join(', ')}`] : words
    return [...others, ...choices].join(' or ')
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const)
  if (schema.properties || schema.patternProperties) return 'a map of options'
  if (schema.items) {
    return schema.minItems ? `a list of at least ${schema.minItems} of: ${expectation(schema.items)}` : 'a list'
  }
  if (schema.patternMeaning !== undefined) return schema.patternMeaning
  return `${scalarName(schema)}${limits(schema)}`
}

function scalarName({ type, unit, minLength }: OptionSchema): string {
  switch (unit) {
    case 'duration':
      return 'a duration (milliseconds, or digits with one of s m h d w y, such as 5m)'
    case 'size':
      return 'a size (bytes, or digits with one of K M G T, such as 50M)'
    case 'file_mode':
      return 'Unix permissions in octal, such as 0660'
    case 'path':
      return 'a path'
    case 'url':
    case 'base_url':
      return 'an absolute http:// or https:// URL'
    default:
  }
  const names: Readonly<Record<string, string>> = {
    null: 'null',
    boolean: 'true or false',
    integer: 'an integer',
    number: 'a number',
    string: minLength ? 'a string that is not empty' : 'a string',
  }
  return names[type ?? ''] ?? 'a value'
}

function limits({ type, unit, minimum, exclusiveMinimum, maximum, maxLength }: OptionSchema): string {
  if (type === 'string') return maxLength === undefined ? '' : ` of at most ${maxLength} characters`
  if (unit === 'duration' || unit === 'size' || unit === 'file_mode') return ''
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`
  if (minimum !== undefined) return ` of at least ${minimum}`
  if (exclusiveMinimum !== undefined) return ` above ${exclusiveMinimum}`
  return maximum === undefined ? '' : ` of at most ${maximum}`
}

function found(raw: unknown, schema: OptionSchema): string {
  if (raw === null) return 'nothing'
  if (Array.isArray(raw)) return raw.length === 0 ? 'an empty list' : 'a list'
  if (isMap(raw)) return 'a map'
  // A secret in the wrong place or of the wrong type must not end up in a terminal's history or a ticket.
  if (schema.secret) return `a ${typeof raw}`
  const text = JSON.stringify(raw)
  return text.length > 60 ? `a ${typeof raw}` : text
}

function notesOf({ secret }: OptionSchema): OptionSchema {
  return secret === undefined ? {} : { secret }
}

/** Whether a value read from YAML is a map. */
export function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
