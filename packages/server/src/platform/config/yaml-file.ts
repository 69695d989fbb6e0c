import { LineCounter, parseDocument } from 'yaml'
import { ConfigError } from './problem.ts'

/** A YAML file's content as plain values, and where its options stand. */
export interface YamlFile {
  /** undefined if the file holds no map. */
  readonly options: Record<string, unknown> | undefined
  /** `file:line` of an option, by its dotted path, as far down as the file has it. */
  locate(path: string): string | undefined
}

/** Tags that would turn text into something other than text, numbers, lists and maps. */
const UNWANTED_TAGS: ReadonlySet<string> = new Set([
  'timestamp',
  'binary',
  'omap',
  'pairs',
  'set',
  'intTime',
  'floatTime',
])

/** Aliases a file may use: plenty for anchors, too few to blow up memory. */
const MAX_ALIASES = 100

/**
 * Parses a YAML file as Synapse reads it: YAML 1.1, in which `yes` and `off` are booleans and `0660` is octal.
 * @throws ConfigError if it is no YAML, has a key twice in one map or uses too many aliases.
 */
export function parseYamlFile(bytes: Uint8Array, name: string): YamlFile {
  const lineCounter = new LineCounter()
  const document = parseDocument(decode(bytes, name), {
    version: '1.1',
    uniqueKeys: true,
    prettyErrors: false,
    logLevel: 'silent',
    lineCounter,
    customTags: (tags) =>
      tags.filter((tag) => typeof tag === 'string' || !UNWANTED_TAGS.has(tag.tag.replace('tag:yaml.org,2002:', ''))),
  })
  const [error] = document.errors
  if (error) {
    const { line } = lineCounter.linePos(error.pos[0])
    const message = error.code === 'DUPLICATE_KEY' ? 'a key stands twice in one map' : error.message
    throw new ConfigError([{ path: '', message, where: `${name}:${line}` }])
  }
  const options = toPlain(toMaps(document, name), name)
  return {
    options: isPlainMap(options) ? options : undefined,
    locate(path) {
      const steps: (string | number)[] = path.split(/[.[\]]+/u).filter((step) => step !== '')
      for (; steps.length > 0; steps.pop()) {
        const range = rangeOf(
          document.getIn(
            steps.map((step) => (/^\d+$/u.test(String(step)) ? Number(step) : step)),
            true,
          ),
        )
        if (range !== undefined) return `${name}:${lineCounter.linePos(range).line}`
      }
      return undefined
    },
  }
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new ConfigError([{ path: '', message: 'is not UTF-8 text', where: name }], { cause })
  }
}

function toMaps(document: ReturnType<typeof parseDocument>, name: string): unknown {
  try {
    return document.toJS({ mapAsMap: true, maxAliasCount: MAX_ALIASES })
  } catch (cause) {
    const message = 'has aliases that cannot be resolved, or too many of them'
    throw new ConfigError([{ path: '', message, where: name }], { cause })
  }
}

function rangeOf(node: unknown): number | undefined {
  if (typeof node !== 'object' || node === null || !('range' in node) || !Array.isArray(node.range)) return undefined
  const start: unknown = node.range[0]
  return typeof start === 'number' ? start : undefined
}

function isPlainMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Maps become objects; keys become strings; nothing else than JSON's values is let through. */
function toPlain(value: unknown, name: string): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value
  if (typeof value === 'number' && Number.isFinite(value)) return value
  if (Array.isArray(value)) return value.map((item: unknown) => toPlain(item, name))
  if (value instanceof Map) {
    return Object.fromEntries(
      [...value].map(([key, item]: [unknown, unknown]) => [plainKey(key, name), toPlain(item, name)]),
    )
  }
  throw new ConfigError([{ path: '', message: 'holds a value that is no text, number, list or map', where: name }])
}

function plainKey(key: unknown, name: string): string {
  const text = typeof key === 'number' || typeof key === 'boolean' ? String(key) : key
  if (typeof text === 'string' && text !== '__proto__') return text
  throw new ConfigError([{ path: '', message: 'holds a key that is no text', where: name }])
}
