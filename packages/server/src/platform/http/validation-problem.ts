import { type Errcode, MatrixError } from '@magik/protocol'
import type { TLocalizedValidationError } from 'typebox/error'

/** What a part of the request is called in messages, and which code a value of the wrong type has there. */
export interface ValidatedPart {
  readonly noun: string
  readonly wrongType: Errcode
}

/** A JSON body. */
export const BODY: ValidatedPart = { noun: 'field', wrongType: 'M_BAD_JSON' }
/** The query string. */
export const QUERY: ValidatedPart = { noun: 'query parameter', wrongType: 'M_INVALID_PARAM' }
/** The parameters in the path. */
export const PATH: ValidatedPart = { noun: 'path parameter', wrongType: 'M_INVALID_PARAM' }

/** What a refinement says that is about the type, and so has the code of a wrong type. */
export const NOT_AN_OBJECT = 'expected object'

/**
 * The error for a value that does not fit its schema: M_MISSING_PARAM for what is absent, the part's code for a wrong
 * type, M_INVALID_PARAM for a value of the right type that is not allowed. The message names the field.
 */
export function validationProblem(part: ValidatedPart, errors: readonly TLocalizedValidationError[]): MatrixError {
  const error = decisiveError(errors)
  if (error === undefined) return new MatrixError(part.wrongType, `Invalid ${part.noun}`)
  if (error.keyword === 'required') {
    const [missing = ''] = error.params.requiredProperties
    return new MatrixError('M_MISSING_PARAM', `Missing ${part.noun} ${quoted(`${error.instancePath}/${missing}`)}`)
  }
  const subject = `Invalid ${part.noun} ${quoted(error.instancePath)}`
  if (error.keyword === 'type') {
    return new MatrixError(part.wrongType, `${subject}: expected ${[error.params.type].flat().join(' or ')}`)
  }
  if (error.keyword === '~refine' && error.params.message === NOT_AN_OBJECT) {
    return new MatrixError(part.wrongType, `${subject}: ${NOT_AN_OBJECT}`)
  }
  return new MatrixError(error.wrongTypeEverywhere ? part.wrongType : 'M_INVALID_PARAM', subject + explanation(error))
}

type DecisiveError = TLocalizedValidationError & { readonly wrongTypeEverywhere?: boolean }

/** The first error; for a union the one of the variant that comes closest to what was sent. */
function decisiveError(errors: readonly TLocalizedValidationError[]): DecisiveError | undefined {
  const [first] = errors
  const at = first?.schemaPath.indexOf('/anyOf/') ?? -1
  if (first === undefined || at === -1) return first
  const unionPath = first.schemaPath.slice(0, at)
  const union = errors.find(({ keyword, schemaPath }) => keyword === 'anyOf' && schemaPath === unionPath)
  if (union === undefined) return first
  const variants = Map.groupBy(
    errors.filter(({ schemaPath }) => schemaPath.startsWith(`${unionPath}/anyOf/`)),
    ({ schemaPath }) => schemaPath.slice(unionPath.length).split('/', 3).join('/'),
  )
  for (const problems of variants.values()) {
    // A variant that fails only further inside is the one that was meant, unless a constant in it says otherwise.
    const isMeant = problems.every(
      ({ keyword, instancePath }) =>
        keyword === 'required' || (keyword !== 'const' && instancePath !== union.instancePath),
    )
    if (isMeant) return problems[0]
  }
  const hasWrongType = (problems: readonly TLocalizedValidationError[]): boolean =>
    problems.some(({ keyword, instancePath }) => keyword === 'type' && instancePath === union.instancePath)
  return { ...union, wrongTypeEverywhere: [...variants.values()].every(hasWrongType) }
}

function explanation(error: TLocalizedValidationError): string {
  switch (error.keyword) {
    case 'anyOf':
    case '~refine':
      return ''
    case 'const':
      return `: expected ${JSON.stringify(error.params.allowedValue)}`
    default:
      return `: ${error.message}`
  }
}

/** `/auth/session` as `"auth.session"`. Only names of our schemas and array positions can appear in it. */
function quoted(instancePath: string): string {
  const name = instancePath.slice(1).replaceAll('/', '.').replaceAll('~1', '/').replaceAll('~0', '~')
  return `"${name.slice(0, 200)}"`
}
