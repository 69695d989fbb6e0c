import type { AuthStage, StageOutcome } from './auth-stage.ts'

/** Always passes: for requests that need no proof but one flow. @spec client-server-api/#dummy-auth */
export class DummyStage implements AuthStage {
  readonly type = 'm.login.dummy'

  async check(): Promise<StageOutcome> {
    return { passed: true, finding: true }
  }
}
