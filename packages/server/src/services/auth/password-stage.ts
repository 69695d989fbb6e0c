import { type JsonObject, MatrixError } from '@magik/protocol'
import type { AuthStage, StageOutcome } from './auth-stage.ts'
import type { AuthenticatedUser, PasswordLogin } from './password-login.ts'
import type { Requester } from './requester.ts'

/** Passes whoever knows the password of the account they are signed in with. @spec client-server-api/#password-based */
export class PasswordStage implements AuthStage {
  readonly type = 'm.login.password'
  readonly #passwordLogin: PasswordLogin

  constructor({ passwordLogin }: { readonly passwordLogin: PasswordLogin }) {
    this.#passwordLogin = passwordLogin
  }

  /** @throws MatrixError M_FORBIDDEN if the password is right, but another user's. */
  async check(auth: JsonObject, requester: Requester | undefined): Promise<StageOutcome> {
    const attempt = await this.#attempt(auth)
    if (attempt instanceof MatrixError) return { passed: false, errcode: attempt.errcode, error: attempt.message }
    if (attempt.userNid !== requester?.userNid) {
      throw new MatrixError('M_FORBIDDEN', 'This is not the account you are signed in with')
    }
    return { passed: true, finding: attempt.userId }
  }

  async #attempt(auth: JsonObject): Promise<AuthenticatedUser | MatrixError> {
    try {
      return await this.#passwordLogin.authenticate(auth)
    } catch (error) {
      if (error instanceof MatrixError && error.errcode === 'M_FORBIDDEN') return error
      throw error
    }
  }
}
