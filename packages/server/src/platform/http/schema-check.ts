import type { MatrixError } from '@magik/protocol'
import type { Static, TSchema } from 'typebox'
import { Compile, type Validator } from 'typebox/compile'
import { type ValidatedPart, validationProblem } from './validation-problem.ts'

/** Checks values of one part of a request against one schema, without changing them. */
export interface SchemaCheck<Schema extends TSchema> {
  accepts(value: unknown): value is Static<Schema>
  /** The error for a value that was not accepted. */
  problem(value: unknown): MatrixError
}

/** Compiles a schema, at the first request that needs it: a start should not pay for all of them. */
export function schemaCheck<Schema extends TSchema>(part: ValidatedPart, schema: Schema): SchemaCheck<Schema> {
  let compiled: Validator | undefined
  const validator = (): Validator => {
    compiled ??= Compile(schema)
    return compiled
  }
  return {
    accepts: (value): value is Static<Schema> => validator().Check(value),
    problem: (value) => validationProblem(part, validator().Errors(value)),
  }
}
