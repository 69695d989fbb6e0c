import type { Errcode, JsonObject, JsonValue } from '@magik/protocol'
import type { Requester } from './requester.ts'

/** What became of an attempt at a stage. */
export type StageOutcome =
  | {
      readonly passed: true
      /** What the stage found out, for the request and for the session. */
      readonly finding: JsonValue
    }
  | {
      /** The client may try again. */
      readonly passed: false
      readonly errcode: Errcode
      readonly error: string
    }

/** One kind of proof that user-interactive authentication may ask for. @spec client-server-api/#authentication-types */
export interface AuthStage {
  /** Such as `m.login.password`. */
  readonly type: string
  /** What clients must know to go through the stage. */
  readonly params?: JsonObject
  /**
   * Checks what the client sent for the stage.
   * @param auth the request's `auth` object
   * @param requester who sends the request; undefined where nobody is signed in
   * @throws MatrixError where trying again is of no use.
   */
  check(auth: JsonObject, requester: Requester | undefined): Promise<StageOutcome>
}
