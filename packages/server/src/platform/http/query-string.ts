import { MatrixError } from '@magik/protocol'
import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox'
import { schemaCheck } from './schema-check.ts'
import { QUERY } from './validation-problem.ts'

/** The query of a URL, still as text. */
export class QueryString {
  readonly #pairs: readonly string[]

  /** @param text what follows the question mark. */
  constructor(text: string) {
    this.#pairs = text === '' ? [] : text.split('&')
  }

  /**
   * Every value of a parameter, decoded, in order.
   * @throws MatrixError M_INVALID_PARAM if one is not percent-encoded UTF-8.
   */
  all(name: string): string[] {
    const values: string[] = []
    for (const pair of this.#pairs) {
      const end = pair.indexOf('=')
      if (decode(end === -1 ? pair : pair.slice(0, end)) !== name) continue
      const value = end === -1 ? '' : decode(pair.slice(end + 1))
      if (value === undefined)
        throw new MatrixError('M_INVALID_PARAM', `Invalid query parameter "${name}": bad encoding`)
      values.push(value)
    }
    return values
  }

  /** The first value of a parameter. */
  first(name: string): string | undefined {
    return this.all(name)[0]
  }
}

function decode(text: string): string | undefined {
  if (!/[%+]/.test(text)) return text
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}

/**
 * Makes the reader of an endpoint's query. Text becomes what the parameter's schema asks for: integers, numbers,
 * booleans (`true`, `false`), arrays (the parameter repeated). Unknown parameters are ignored, of a repeated one that
 * is no array the first counts.
 * @returns a function that throws MatrixError M_MISSING_PARAM or M_INVALID_PARAM.
 */
export function queryReader<Query extends TProperties>(
  query: Query | undefined,
): (text: QueryString) => Static<TObject<Query>> {
  const check = schemaCheck(QUERY, Type.Object(query ?? {}))
  const accepts = (value: unknown): value is Static<TObject<Query>> => check.accepts(value)
  const fields = Object.entries<TSchema>(query ?? {}).map(([name, schema]) => ({ name, read: reader(schema) }))
  return (text) => {
    const values: Record<string, unknown> = {}
    for (const { name, read } of fields) {
      const found = text.all(name)
      if (found.length > 0) values[name] = read(found)
    }
    if (!accepts(values)) throw check.problem(values)
    return values
  }
}

/** Text that does not spell the type stays text, which the schema then refuses under the parameter's name. */
function reader(schema: TSchema): (texts: readonly string[]) => unknown {
  if (typeOf(schema) !== 'array') {
    const read = scalarReader(schema)
    return ([text = '']) => read(text)
  }
  const items: unknown = Reflect.get(schema, 'items')
  const read = typeof items === 'object' && items !== null ? scalarReader(items) : (text: string) => text
  return (texts) => texts.map(read)
}

function scalarReader(schema: TSchema): (text: string) => unknown {
  switch (typeOf(schema)) {
    case 'integer':
      return (text) => (/^[+-]?[0-9]{1,16}$/.test(text) ? Number(text) : text)
    case 'number':
      return (text) => (/^[+-]?[0-9]{1,16}(\.[0-9]{1,16})?$/.test(text) ? Number(text) : text)
    case 'boolean':
      return (text) => (text === 'true' ? true : text === 'false' ? false : text)
    default:
      return (text) => text
  }
}

function typeOf(schema: TSchema): unknown {
  return Reflect.get(schema, 'type')
}
