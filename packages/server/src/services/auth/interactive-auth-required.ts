import { type Errcode, type JsonObject, MatrixError } from '@magik/protocol'

/** Why an attempt at a stage failed. */
export interface StageFailure {
  readonly errcode: Errcode
  readonly error: string
}

/** Where a user-interactive authentication stands. */
export interface InteractiveAuthState {
  readonly sessionId: string
  readonly flows: readonly { readonly stages: readonly string[] }[]
  /** What clients must know, by stage. */
  readonly params: JsonObject
  readonly completed: readonly string[]
  readonly failure: StageFailure | undefined
}

/**
 * The request needs (more) authentication. Its body carries an error code only when an attempt has failed: clients take
 * one for a failure.
 * @spec client-server-api/#user-interactive-api-in-the-rest-api
 */
export class InteractiveAuthRequired extends MatrixError {
  readonly #state: InteractiveAuthState

  constructor(state: InteractiveAuthState) {
    const { errcode, error } = state.failure ?? { errcode: 'M_UNAUTHORIZED', error: 'Authentication is required' }
    super(errcode, error, { status: 401 })
    this.name = 'InteractiveAuthRequired'
    this.#state = state
  }

  override toJSON(): JsonObject {
    const { sessionId, flows, params, completed, failure } = this.#state
    return {
      session: sessionId,
      flows: flows.map((flow) => ({ stages: [...flow.stages] })),
      params,
      ...(completed.length > 0 && { completed: [...completed] }),
      ...(failure && { ...failure }),
    }
  }
}
