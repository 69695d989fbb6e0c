import { Readable } from 'node:stream'
import { type JsonObject, MatrixError } from '@magik/protocol'
import Type, { type Static, type TObject, type TProperties, type TSchema } from 'typebox'
import type { HttpRequest } from './http-request.ts'
import { parseBody, readBody } from './read-body.ts'
import { schemaCheck } from './schema-check.ts'
import { BODY, PATH } from './validation-problem.ts'

/** What an endpoint takes as body: a JSON object that fits a schema, bytes of whatever type, or bytes as they come. */
export type BodyDeclaration = TSchema | 'bytes' | 'stream'

/** What a handler gets for a declared body. */
export type BodyOf<Body> = Body extends 'bytes'
  ? Uint8Array
  : Body extends 'stream'
    ? Readable
    : Body extends undefined
      ? undefined
      : Body extends TSchema
        ? Static<Body>
        : never

/**
 * Makes the reader of an endpoint's path parameters.
 * @param names all parameters of the path; a path that lacks some gives them as `''`.
 * @returns a function that throws MatrixError M_INVALID_PARAM.
 */
export function pathReader<Path extends TProperties>(
  names: readonly string[],
  schemas: TProperties,
): (values: Readonly<Record<string, string>>) => Static<TObject<Path>> {
  const check = schemaCheck(PATH, Type.Object(schemas))
  const accepts = (value: unknown): value is Static<TObject<Path>> => check.accepts(value)
  return (values) => {
    const all: Record<string, string> = {}
    for (const name of names) all[name] = values[name] ?? ''
    if (!accepts(all)) throw check.problem(all)
    return all
  }
}

/** A body, as the handler gets it and, where it is one, as the JSON object that was sent. */
export interface EndpointBody<Value> {
  readonly value: Value
  readonly json: JsonObject | undefined
}

/**
 * Makes the reader of an endpoint's body. A schema never changes what was sent.
 * @returns a function that throws MatrixError M_NOT_JSON, M_BAD_JSON, M_MISSING_PARAM, M_INVALID_PARAM, M_TOO_LARGE.
 */
export function bodyReader<Body extends BodyDeclaration | undefined>(
  declared: BodyDeclaration | undefined,
): (request: HttpRequest, limitBytes: number) => Promise<EndpointBody<BodyOf<Body>>> {
  const { accepts, problem } = bodyCheck<Body>(declared)
  return async (request, limitBytes) => {
    const sent = await sentBody(declared, request, limitBytes)
    if (!accepts(sent.value)) throw problem(sent.value)
    return { value: sent.value, json: sent.json }
  }
}

async function sentBody(
  declared: BodyDeclaration | undefined,
  { raw }: HttpRequest,
  limitBytes: number,
): Promise<EndpointBody<unknown>> {
  if (declared === undefined) return { value: undefined, json: undefined }
  if (declared === 'stream') return { value: raw, json: undefined }
  const bytes = await readBody(raw, limitBytes)
  if (declared === 'bytes') return { value: bytes, json: undefined }
  const json = parseBody(bytes)
  return { value: json, json }
}

function bodyCheck<Body>(declared: BodyDeclaration | undefined): {
  accepts(value: unknown): value is BodyOf<Body>
  problem(value: unknown): MatrixError
} {
  const schema = typeof declared === 'object' ? schemaCheck(BODY, declared) : undefined
  return {
    accepts: (value): value is BodyOf<Body> => {
      if (schema !== undefined) return schema.accepts(value)
      if (declared === 'bytes') return value instanceof Uint8Array
      if (declared === 'stream') return value instanceof Readable
      return value === undefined
    },
    problem: (value) => schema?.problem(value) ?? new MatrixError('M_BAD_JSON', 'Unusable request body'),
  }
}
